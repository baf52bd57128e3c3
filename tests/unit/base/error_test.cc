#include "base/error.h"

#include <catch2/catch.hpp>

namespace sampleproc::base {
namespace {

TEST_CASE("an error of several problems names the first with its place and counts the rest") {
  const Error error =
      Fail(ErrorCode::kInvalidFrame, {{"missing", {"body", "frame_data"}, "is missing"},
                                      {"type", {"body", "metadata"}, "must be an object"}})
          .error();
  CHECK(error.message == "body.frame_data: is missing (and 1 more)");
  CHECK(error.problems.size() == 2);
}

TEST_CASE("every error code has a name of its own") {
  std::vector<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    names.push_back(ErrorCodeName(static_cast<ErrorCode>(code)));
  }
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
}

TEST_CASE("problems are the same when all their parts are") {
  const Problem problem{"missing", {"body"}, "is missing"};
  CHECK(problem == Problem{"missing", {"body"}, "is missing"});
  CHECK_FALSE(problem == Problem{"empty", {"body"}, "is missing"});
  CHECK_FALSE(problem == Problem{"missing", {"query"}, "is missing"});
  CHECK_FALSE(problem == Problem{"missing", {"body"}, "is empty"});
}

}  // namespace
}  // namespace sampleproc::base

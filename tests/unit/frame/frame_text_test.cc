#include "frame/frame_text.h"

#include <catch2/catch.hpp>

namespace sampleproc::frame {
namespace {

std::string TypeOfProblem(std::string_view text, std::size_t max_bytes = kMaxIdBytes) {
  const auto problem = CheckText(text, max_bytes);
  return problem ? problem->type : "";
}

TEST_CASE("a short text is well-formed UTF-8 without control characters, up to its limit") {
  for (const std::string_view text : {"", "cam 1", "\xC3\xA4", "\xC2\xA0", "\xF0\x9F\x8E\xA5"}) {
    CHECK(TypeOfProblem(text).empty());
  }
  for (const std::string_view text :
       {std::string_view("\0", 1), std::string_view("a\n"), std::string_view("\x1F"),
        std::string_view("\x7F"), std::string_view("\xC2\x80"), std::string_view("a\xC2\x9F")}) {
    CHECK(TypeOfProblem(text) == "control_character");
  }
  for (const std::string_view text : {"\x80", "\xC2", "a\xFF", "\xED\xA0\x80", "\xC0\xAF"}) {
    CHECK(TypeOfProblem(text) == "unicode");
  }
  CHECK(TypeOfProblem("abcd", 4).empty());
  CHECK(TypeOfProblem("abcde", 4) == "too_long");
  CHECK(CheckText("abcde", 4)->msg == "has 5 bytes; at most 4 are allowed");
}

}  // namespace
}  // namespace sampleproc::frame

#include "config/codes.h"

#include <catch2/catch.hpp>

namespace sampleproc::config {
namespace {

TEST_CASE("each code stands once, in order, and is explained") {
  std::string_view last;
  for (const CodeText& entry : CodeTexts()) {
    INFO(entry.code);
    CHECK(entry.code.size() == 6);
    CHECK(entry.code.starts_with("SP"));
    CHECK(entry.code > last);
    last = entry.code;
    CHECK_FALSE(entry.title.empty());
    CHECK_FALSE(entry.title.ends_with('.'));
    CHECK(entry.text.size() > entry.title.size());
    CHECK(entry.text.ends_with('.'));
    CHECK(FindCode(entry.code) == &entry);
  }
}

TEST_CASE("a code is found in any case of letters, and nothing else is") {
  REQUIRE(FindCode("sp1004") != nullptr);
  CHECK(FindCode("sp1004")->code == code::kRange);
  for (const std::string_view other : {"", "SP", "1004", "SP0000", "SP10040"}) {
    CHECK(FindCode(other) == nullptr);
  }
}

}  // namespace
}  // namespace sampleproc::config

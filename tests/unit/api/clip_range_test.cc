#include <catch2/catch.hpp>

#include "api/clip_handler.h"

namespace sampleproc::api {
namespace {

TEST_CASE("one range of bytes is read, and what is none or several is passed over") {
  const auto range = [](std::string_view field) { return ReadRange(field, 1000); };
  CHECK(range("bytes=0-0") == ByteRange{0, 1});
  CHECK(range("bytes=10-19") == ByteRange{10, 20});
  CHECK(range("Bytes= 10-") == ByteRange{10, 1000});
  CHECK(range("bytes=990-2000") == ByteRange{990, 1000});
  CHECK(range("bytes=-10") == ByteRange{990, 1000});
  CHECK(range("bytes=-5000") == ByteRange{0, 1000});
  CHECK(range("bytes=0-99999999999999999999") == ByteRange{0, 1000});
  for (const char* none :
       {"bytes=1000-", "bytes=5000-6000", "bytes=99999999999999999999-", "bytes=-0"}) {
    const auto empty = range(none);
    REQUIRE(empty);
    CHECK(empty->begin == empty->end);
  }
  for (const char* other :
       {"", "bytes", "bytes=", "bytes=-", "bytes=20-10", "bytes=a-b", "bytes=1-b", "bytes=0x1-2",
        "bytes=0-1,5-6", "lines=1-2", "bytes=+1-2", "bytes=1--2"}) {
    CHECK_FALSE(range(other));
  }
}

}  // namespace
}  // namespace sampleproc::api

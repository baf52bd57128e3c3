#include "frame/raw_description.h"

#include <catch2/catch.hpp>

namespace sampleproc::frame {
namespace {

TEST_CASE("every raw format is found by its name, in either case, and nothing else is") {
  for (const char* name : {"bgr24", "rgb24", "gray8", "gray16le", "nv12", "yuyv", "f32"}) {
    const auto format = FindRawFormat(name);
    REQUIRE(format);
    CHECK(RawFormatName(*format) == name);
  }
  CHECK(FindRawFormat("NV12") == RawFormat::kNv12);
  for (const char* name : {"", "bgr", "bgr24 ", "gray16", "jpeg", "f64"}) {
    CHECK_FALSE(FindRawFormat(name));
  }
}

TEST_CASE("a side of raw pixels is 1 to 65535 in plain digits") {
  CHECK(ParseRawSide("1") == 1u);
  CHECK(ParseRawSide("65535") == 65535u);
  for (const char* text : {"", "0", "65536", "-1", "+1", "01", "1.0", "1e2", " 1", "1 ", "0x10",
                           "4294967297", "99999999999999999999"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseRawSide(text));
  }
}

TEST_CASE("the size of raw pixels is exact, and absent where sides are missing or odd") {
  CHECK(RawBytes({RawFormat::kBgr24, 5, 3}) == 45u);
  CHECK(RawBytes({RawFormat::kRgb24, 5, 3}) == 45u);
  CHECK(RawBytes({RawFormat::kGray8, 5, 3}) == 15u);
  CHECK(RawBytes({RawFormat::kGray16le, 5, 3}) == 30u);
  CHECK(RawBytes({RawFormat::kF32, 5, 3}) == 60u);
  CHECK(RawBytes({RawFormat::kNv12, 6, 4}) == 36u);
  CHECK(RawBytes({RawFormat::kYuyv, 6, 3}) == 36u);
  CHECK(RawBytes({RawFormat::kF32, 65535, 65535}) == 17'179'344'900u);
  CHECK_FALSE(RawBytes({RawFormat::kNv12, 5, 4}));
  CHECK_FALSE(RawBytes({RawFormat::kNv12, 6, 3}));
  CHECK_FALSE(RawBytes({RawFormat::kYuyv, 5, 4}));
  CHECK_FALSE(RawBytes({RawFormat::kGray8, 0, 3}));
  CHECK_FALSE(RawBytes({RawFormat::kGray8, 3, 0}));
}

TEST_CASE("a description of raw pixels is sides, a colon and a format that can have them") {
  CHECK(ParseRawDescription("640x480:bgr24") == RawDescription{RawFormat::kBgr24, 640, 480});
  CHECK(ParseRawDescription("6x4:NV12") == RawDescription{RawFormat::kNv12, 6, 4});
  for (const char* text :
       {"", "640x480", "640:bgr24", "x480:bgr24", "640x:bgr24", "640x480:", "640x480:jpeg",
        "bgr24:640x480", "0x480:bgr24", "640x65536:bgr24", "640x480:bgr24:", "640x480x3:bgr24",
        "640X480:bgr24", " 640x480:bgr24", "5x4:nv12", "6x3:nv12", "5x4:yuyv"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseRawDescription(text));
  }
}

}  // namespace
}  // namespace sampleproc::frame

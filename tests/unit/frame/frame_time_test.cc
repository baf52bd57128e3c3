#include "frame/frame_time.h"

#include <catch2/catch.hpp>

namespace sampleproc::frame {
namespace {

std::string Parsed(std::string_view text) {
  const auto time = ParseFrameTime(text);
  return time ? base::FormatTimestamp(*time) : "none";
}

TEST_CASE("a frame's time is read as upstreams write it") {
  CHECK(Parsed("0") == "1970-01-01T00:00:00.000000Z");
  CHECK(Parsed("1753787696") == "2025-07-29T11:14:56.000000Z");
  CHECK(Parsed("1753787696.5") == "2025-07-29T11:14:56.500000Z");
  CHECK(Parsed("2025-07-29T11:14:56.123456Z") == "2025-07-29T11:14:56.123456Z");
  CHECK(Parsed("2025-07-29T11:14:56.123456789Z") == "2025-07-29T11:14:56.123456Z");
  CHECK(Parsed("2025-07-29T11:14:56+00:00") == "2025-07-29T11:14:56.000000Z");
  CHECK(Parsed("2025-07-29 13:14:56.5+02:00") == "2025-07-29T11:14:56.500000Z");
  CHECK(Parsed("2025-07-29T05:44:56-0530") == "2025-07-29T11:14:56.000000Z");
  CHECK(Parsed("2025-07-29T11:14:56") == "2025-07-29T11:14:56.000000Z");
  CHECK(Parsed("2024-02-29T23:59:60Z") == "2024-03-01T00:00:00.000000Z");
}

TEST_CASE("what is no time of a frame gives none") {
  for (const char* text : {"",
                           "now",
                           "None",
                           "-1",
                           "nan",
                           "inf",
                           "1e30",
                           "12:00",
                           "2025-07-29",
                           "2025-13-01T00:00:00Z",
                           "2025-02-29T00:00:00Z",
                           "2025-07-29T24:00:00Z",
                           "2025-07-29T11:60:00Z",
                           "2025-07-29T11:14:56.Z",
                           "2025-07-29T11:14:56Zz",
                           "2025-07-29T11:14:56+25:00",
                           "2025-07-29T11:14:56+0",
                           "1969-12-31T23:59:59Z",
                           "9999-01-01T00:00:00Z",
                           " 1"}) {
    CAPTURE(text);
    CHECK(Parsed(text) == "none");
  }
}

}  // namespace
}  // namespace sampleproc::frame

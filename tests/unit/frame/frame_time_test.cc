#include "frame/frame_time.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>

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
  // What no double is, to the microsecond.
  CHECK(Parsed("1796053464.975") == "2026-11-30T15:44:24.975000Z");
  CHECK(Parsed("1796053411.793999") == "2026-11-30T15:43:31.793999Z");
  CHECK(Parsed("2025-07-29T11:14:56.123456Z") == "2025-07-29T11:14:56.123456Z");
  CHECK(Parsed("2025-07-29T11:14:56.123456789Z") == "2025-07-29T11:14:56.123456Z");
  CHECK(Parsed("2025-07-29T11:14:56+00:00") == "2025-07-29T11:14:56.000000Z");
  CHECK(Parsed("2025-07-29 13:14:56.5+02:00") == "2025-07-29T11:14:56.500000Z");
  CHECK(Parsed("2025-07-29T05:44:56-0530") == "2025-07-29T11:14:56.000000Z");
  CHECK(Parsed("2025-07-29T11:14:56") == "2025-07-29T11:14:56.000000Z");
  CHECK(Parsed("2024-02-29T23:59:60Z") == "2024-03-01T00:00:00.000000Z");
}

TEST_CASE("a time is read back as it was written, to the microsecond") {
  for (std::int64_t micros = 1'796'053'411'000'001; micros < 1'796'053'412'000'000; micros += 997) {
    const base::WallTime time{std::chrono::microseconds(micros)};
    CHECK(ParseFrameTime(EpochSeconds(time)) == time);
  }
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

#include "base/clock.h"

#include <catch2/catch.hpp>

namespace sampleproc::base {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

TEST_CASE("a timestamp is RFC 3339 in UTC with microseconds") {
  CHECK(FormatTimestamp(WallTime{}) == "1970-01-01T00:00:00.000000Z");
  CHECK(FormatTimestamp(WallTime{seconds(1'769'850'300) + microseconds(123)}) ==
        "2026-01-31T09:05:00.000123Z");
  CHECK(FormatTimestamp(WallTime{seconds(951'782'399) + microseconds(999'999)}) ==
        "2000-02-28T23:59:59.999999Z");
}

TEST_CASE("a time before 1970 has its fraction counted forwards") {
  CHECK(FormatTimestamp(WallTime{microseconds(-1)}) == "1969-12-31T23:59:59.999999Z");
  CHECK(FormatTimestamp(WallTime{seconds(-1)}) == "1969-12-31T23:59:59.000000Z");
  CHECK(FormatTimestamp(WallTime{std::chrono::nanoseconds(-1)}) == "1969-12-31T23:59:59.999999Z");
}

TEST_CASE("the system's clock does not go back") {
  const MonoTime first = SystemClock().Now();
  CHECK(SystemClock().Now() >= first);
  CHECK(SystemClock().Wall() > WallTime{seconds(1'700'000'000)});
}

}  // namespace
}  // namespace sampleproc::base

#include "consumer/old_frames.h"

#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <vector>

#include "support/fake_clock.h"
#include "support/null_logger.h"

namespace sampleproc::consumer {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

TEST_CASE("what makes frames old is said as it is") {
  const auto says = [](auto waiting, auto pulled, const char* what, bool by_us = false) {
    return OldFramesReason(waiting, pulled, by_us).find(what) != std::string::npos;
  };
  CHECK(says(hours(24), hours(24), "is 86400 s old"));
  CHECK(says(hours(24), hours(24), "the source holds old frames"));
  CHECK_FALSE(says(hours(24), hours(24), "faster"));
  CHECK(says(seconds(30), seconds(1), "up to 1 s old when they came"));
  CHECK(says(seconds(30), seconds(1), "come faster than they are worked on"));
  CHECK_FALSE(says(seconds(30), seconds(1), "the source holds"));
  // Of an overload no more is pulled than can be worked on: frames grow old at the source.
  CHECK(says(seconds(30), seconds(25), "more wait at the source than can be worked on", true));
  CHECK_FALSE(says(seconds(30), seconds(25), "clock", true));
}

TEST_CASE("the age of what was pulled is that of its oldest frame with a time") {
  const base::WallTime now{seconds(1'000'000)};
  std::vector<Delivery> pulled(3);
  CHECK(OldestAge(pulled, now) == seconds(0));
  pulled[0].entry.timestamp = "999990";
  pulled[1].entry.timestamp = "1000500";
  pulled[2].entry.timestamp = "no time";
  CHECK(OldestAge(pulled, now) == seconds(10));
  CHECK(OldestAge({}, now) == seconds(0));
  // What tells nothing else is as old as its entry.
  pulled[2].added = base::WallTime{seconds(999'960)};
  CHECK(OldestAge(pulled, now) == seconds(40));
  pulled[0].added = base::WallTime{seconds(1)};
  CHECK(OldestAge(pulled, now) == seconds(40));
}

struct OldBench {
  // So many looks, one a second, that find the oldest waiting frame of this age.
  void Look(int looks, seconds waiting, seconds pulled = seconds(0)) {
    for (int i = 0; i < looks; ++i) {
      now += seconds(1);
      frames.Look({.waiting = waiting, .pulled = pulled, .last_pull = last_pull}, now);
    }
  }
  bool told() const { return !conditions.List().empty(); }

  testing::FakeClock clock;
  sampleproc::test::NullLogger log;
  telemetry::Conditions conditions{clock, log};
  OldFrames frames{conditions};
  std::optional<base::MonoTime> last_pull;
  base::MonoTime now{seconds(100)};
};

TEST_CASE("that frames are old is told until none has been for a while") {
  OldBench bench;
  bench.Look(30, seconds(10));
  CHECK_FALSE(bench.told());
  bench.Look(1, seconds(11));
  CHECK(bench.told());
  bench.Look(30, seconds(6));  // young enough to begin nothing, too old to end it
  CHECK(bench.told());
  bench.Look(9, seconds(4));
  CHECK(bench.told());
  bench.Look(1, seconds(4));
  CHECK_FALSE(bench.told());
}

TEST_CASE("old frames that come and go between two looks do not end what is told") {
  OldBench bench;
  bench.Look(1, seconds(60), seconds(60));
  REQUIRE(bench.told());
  for (int i = 0; i < 60; ++i) {
    bench.last_pull = bench.now;
    bench.Look(1, seconds(0), seconds(60));
    CHECK(bench.told());
  }
  // The last pull stays old; nothing has come since.
  bench.Look(9, seconds(0), seconds(60));
  CHECK_FALSE(bench.told());
}

TEST_CASE("old frames that do not wait begin nothing") {
  OldBench bench;
  for (int i = 0; i < 60; ++i) {
    bench.last_pull = bench.now;
    bench.Look(1, seconds(0), seconds(60));
  }
  CHECK_FALSE(bench.told());
}

}  // namespace
}  // namespace sampleproc::consumer

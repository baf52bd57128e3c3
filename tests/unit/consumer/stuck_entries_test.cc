#include "consumer/sources/stuck_entries.h"

#include <catch2/catch.hpp>

namespace sampleproc::consumer {
namespace {

using std::chrono::milliseconds;

TEST_CASE("an entry is set aside after a few losses, longer each time, until it arrives") {
  StuckEntries stuck;
  base::MonoTime now{};
  for (int i = 1; i < StuckEntries::kTries; ++i) CHECK(stuck.Lost("a", now) == milliseconds(0));
  CHECK_FALSE(stuck.Has("a"));
  milliseconds pause{0};
  for (int i = 0; i < 12; ++i) {
    const milliseconds next = stuck.Lost("a", now);
    CHECK(next >= pause);
    pause = next;
    CHECK(stuck.Has("a"));
    CHECK_FALSE(stuck.Due(now));
    now += pause;
    CHECK(stuck.Due(now) == "a");
  }
  CHECK(pause == StuckEntries::kLongest);
  stuck.Postpone("a", now);
  CHECK_FALSE(stuck.Due(now));
  CHECK(stuck.Forget("a"));
  CHECK_FALSE(stuck.Forget("a"));
  CHECK(stuck.losses("a") == 0);
}

TEST_CASE("of several entries that are set aside the one that has waited longest is due") {
  StuckEntries stuck;
  base::MonoTime now{};
  for (int i = 0; i < StuckEntries::kTries; ++i) stuck.Lost("b", now);
  now += milliseconds(10);
  for (int i = 0; i < StuckEntries::kTries; ++i) stuck.Lost("a", now);
  stuck.Lost("c", now);
  now += StuckEntries::kShortest;
  CHECK(stuck.Due(now) == "b");
  CHECK_FALSE(stuck.Forget("c"));
}

}  // namespace
}  // namespace sampleproc::consumer

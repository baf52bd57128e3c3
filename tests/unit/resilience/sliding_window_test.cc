#include "resilience/sliding_window.h"

#include <catch2/catch.hpp>
#include <deque>
#include <random>

namespace sampleproc::resilience {
namespace {

using base::MonoTime;
using std::chrono::milliseconds;
using std::chrono::seconds;

MonoTime At(milliseconds since_start) { return MonoTime(std::chrono::hours(1) + since_start); }

TEST_CASE("the whole quota may be taken at once and is back after the window") {
  SlidingWindow window;
  for (int i = 0; i < 60; ++i) {
    const auto decision = window.Take(At(milliseconds(i)), 1, 60);
    CHECK(decision.allowed);
    CHECK(decision.remaining == static_cast<std::uint32_t>(59 - i));
  }
  const auto refused = window.Take(At(milliseconds(100)), 1, 60);
  CHECK_FALSE(refused.allowed);
  CHECK(refused.remaining == 0);
  CHECK(refused.wait == seconds(60));  // the length of the window, and not a second more
  CHECK_FALSE(window.Take(At(milliseconds(60'058)), 1, 60).allowed);
  CHECK(window.Take(At(milliseconds(60'059)), 60, 60).allowed);
}

TEST_CASE("who waits as long as was said is let in, and not a second earlier") {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    SlidingWindow window;
    milliseconds now(0);
    const std::uint32_t limit = 1 + static_cast<std::uint32_t>(random() % 20);
    for (int i = 0; i < 40; ++i) {
      now += milliseconds(random() % 4000);
      const std::uint32_t cost = 1 + static_cast<std::uint32_t>(random() % limit);
      SlidingWindow untouched = window;
      const auto decision = window.Take(At(now), cost, limit);
      if (decision.allowed) continue;
      REQUIRE(decision.wait >= seconds(1));
      REQUIRE(decision.wait <= seconds(60));
      SlidingWindow early = untouched;
      CHECK(untouched.Take(At(now + decision.wait), cost, limit).allowed);
      if (decision.wait > seconds(1)) {
        CHECK_FALSE(early.Take(At(now + decision.wait - seconds(1)), cost, limit).allowed);
      }
    }
  }
}

TEST_CASE("no 60 seconds ever hold more than the quota") {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    SlidingWindow window;
    std::deque<milliseconds> admitted;
    milliseconds now(random() % 1000);
    const milliseconds end = now + seconds(600);  // ten windows
    std::size_t most = 0;
    while (now < end) {
      // Bursts and pauses: the pattern that a fixed window lets through twice.
      now += milliseconds(random() % 3 == 0 ? random() % 15'000 : random() % 200);
      if (!window.Take(At(now), 1, 60).allowed) continue;
      admitted.push_back(now);
      while (admitted.front() <= now - seconds(60)) admitted.pop_front();
      most = std::max(most, admitted.size());
    }
    CHECK(most <= 60);
  }
}

TEST_CASE("a cost over the limit is never let in and takes nothing") {
  SlidingWindow window;
  CHECK_FALSE(window.Take(At(seconds(0)), 5, 4).allowed);
  CHECK(window.Take(At(seconds(0)), 4, 4).allowed);
}

TEST_CASE("time that goes back counts as the latest seen") {
  SlidingWindow window;
  CHECK(window.Take(At(seconds(100)), 3, 4).allowed);
  CHECK(window.Take(At(seconds(1)), 1, 4).allowed);
  CHECK_FALSE(window.Take(At(seconds(1)), 1, 4).allowed);
  CHECK_FALSE(window.IdleAt(At(seconds(160))));
  CHECK(window.IdleAt(At(seconds(161))));
}

}  // namespace
}  // namespace sampleproc::resilience

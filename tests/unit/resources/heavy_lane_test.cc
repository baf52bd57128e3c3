#include "resources/heavy_lane.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <latch>
#include <thread>
#include <vector>

namespace sampleproc::resources {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatient = std::chrono::hours(1);

// Waits for a count that another thread is about to reach.
void AwaitWaiting(const HeavyLane& lane, std::size_t count) {
  while (lane.waiting() != count) std::this_thread::yield();
}

TEST_CASE("the lane is held by scope") {
  HeavyLane lane(1);
  {
    const auto slot = lane.Enter(milliseconds(0), {});
    REQUIRE(slot);
    CHECK(lane.Enter(milliseconds(0), {}).error().code == base::ErrorCode::kOverloaded);
  }
  auto slot = lane.Enter(milliseconds(0), {});
  REQUIRE(slot);
  HeavyLane::Slot moved = std::move(*slot);
  CHECK_FALSE(lane.Enter(milliseconds(0), {}));
  moved = {};
  CHECK(lane.Enter(milliseconds(0), {}));
}

TEST_CASE("only so many wait; the next one is refused at once") {
  HeavyLane lane(1);
  auto slot = lane.Enter(kPatient, {});
  std::atomic<bool> entered = false;
  std::jthread waiter([&] { entered = lane.Enter(kPatient, {}).has_value(); });
  AwaitWaiting(lane, 1);
  std::this_thread::sleep_for(milliseconds(600));
  const auto refused = lane.Enter(kPatient, {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::kOverloaded);
  // More than half a second for each of the two that are there.
  CHECK(refused.error().retry_after >= std::chrono::seconds(2));
  *slot = {};
  waiter.join();
  CHECK(entered);
}

TEST_CASE("who could not come in time behind those that wait is refused at once") {
  HeavyLane lane(8);
  std::atomic<int> entered = 0;
  std::vector<std::jthread> waiters;
  auto slot = lane.Enter(kPatient, {});
  for (std::size_t i = 0; i < 2; ++i) {
    waiters.emplace_back([&] { entered += lane.Enter(kPatient, {}) ? 1 : 0; });
    AwaitWaiting(lane, i + 1);
  }
  std::this_thread::sleep_for(milliseconds(20));  // at least so long for each of the two
  // Nothing but another's leaving ends this wait, and nobody leaves: it is no wait.
  const auto refused = lane.Enter(milliseconds(39), {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("others wait already") != std::string::npos);
  *slot = {};
  waiters.clear();
  CHECK(entered == 2);
}

TEST_CASE("who waits is let go by its deadline and by its asker") {
  HeavyLane lane(1);
  const auto slot = lane.Enter(kPatient, {});
  const base::Allowance late{base::Deadline(base::SystemClock(), milliseconds(0)), {}};
  CHECK(lane.Enter(kPatient, late).error().code == base::ErrorCode::kOverloaded);
  const base::Allowance gone;
  gone.cancel.Cancel();
  CHECK(lane.Enter(milliseconds::max(), gone).error().code == base::ErrorCode::kCancelled);
  CHECK(lane.waiting() == 0);
}

TEST_CASE("first come, first served") {
  HeavyLane lane(3);
  auto slot = lane.Enter(kPatient, {});
  std::vector<int> order;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&, i] {
        const auto mine = lane.Enter(kPatient, {});
        order.push_back(i);  // the lane itself is the lock
      });
      AwaitWaiting(lane, static_cast<std::size_t>(i) + 1);
    }
    *slot = {};
  }
  CHECK(order == std::vector{0, 1, 2});
}

TEST_CASE("never two at a time; the watcher hears of all who wait") {
  HeavyLane lane(8);
  std::atomic<int> inside = 0;
  std::atomic<bool> two = false;
  std::size_t last = 99;
  lane.Watch([&](std::size_t waiting) { last = waiting; });
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) {
          const auto slot = lane.Enter(kPatient, {});
          if (++inside != 1) two = true;
          --inside;
        }
      });
    }
  }
  CHECK_FALSE(two);
  CHECK((last == 0 || last == 99));
  lane.Watch({});
}

}  // namespace
}  // namespace sampleproc::resources

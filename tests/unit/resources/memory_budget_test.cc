#include "resources/memory_budget.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <limits>
#include <thread>
#include <vector>

#include "support/fake_clock.h"

namespace sampleproc::resources {
namespace {

using std::chrono::milliseconds;

TEST_CASE("a reservation is given back by scope, by release and by assignment") {
  MemoryBudget budget(100);
  {
    auto first = budget.TryReserve(60, "a test");
    REQUIRE(first);
    CHECK(budget.used() == 60);
    first->Release();
    first->Release();
    CHECK(budget.used() == 0);
    first = budget.TryReserve(30, "a test");
    Reservation other = std::move(*first);
    CHECK(first->bytes() == 0);
    CHECK(other.bytes() == 30);
    other = std::move(*budget.TryReserve(50, "a test"));
    CHECK(budget.used() == 50);
  }
  CHECK(budget.used() == 0);
}

TEST_CASE("the whole budget can be taken and not one byte more") {
  MemoryBudget budget(100);
  const auto all = budget.TryReserve(100, "a test");
  REQUIRE(all);
  CHECK(budget.TryReserve(0, "a test"));
  const auto more = budget.TryReserve(1, "a frame");
  REQUIRE_FALSE(more);
  CHECK(more.error().code == base::ErrorCode::kOverloaded);
  CHECK(more.error().message == "no memory for a frame now");
}

TEST_CASE("a frame's part knows how long it has waited, whatever came of it") {
  MemoryBudget whole(100);
  MemoryBudget part(whole, 0);
  CHECK(part.Reserve(10, "a test", std::chrono::hours(1), {}));
  CHECK(part.waited() == milliseconds(0));
  const auto rest = whole.TryReserve(100, "a test");
  REQUIRE(rest);
  CHECK_FALSE(part.Reserve(10, "a test", milliseconds(5), {}));
  CHECK(part.waited() > milliseconds(0));  // what was left of them when it began
  const auto failed = part.waited();
  CHECK(part.Reserve(101, "a test", std::chrono::hours(1), {}).error().code ==
        base::ErrorCode::kInvalidFrame);
  CHECK(part.waited() == failed);
}

TEST_CASE("what never fits is refused at once, waiting or not") {
  MemoryBudget budget(100);
  CHECK(budget.TryReserve(101, "a test").error().code == base::ErrorCode::kInvalidFrame);
  CHECK(budget.TryReserve(std::numeric_limits<std::size_t>::max(), "a test").error().code ==
        base::ErrorCode::kInvalidFrame);
  CHECK(budget.Reserve(101, "a test", std::chrono::hours(1), {}).error().code ==
        base::ErrorCode::kInvalidFrame);
}

TEST_CASE("waiting ends with patience, with the deadline and with the asker") {
  MemoryBudget budget(100);
  const auto all = budget.TryReserve(100, "a test");
  CHECK(budget.Reserve(1, "a test", milliseconds(0), {}).error().code ==
        base::ErrorCode::kOverloaded);
  testing::FakeClock clock;
  const base::Allowance late{base::Deadline(clock, milliseconds(0)), {}};
  CHECK(budget.Reserve(1, "a test", std::chrono::hours(1), late).error().code ==
        base::ErrorCode::kOverloaded);  // it is others that hold the memory
  const base::Allowance gone;
  gone.cancel.Cancel();
  CHECK(budget.Reserve(1, "a test", std::chrono::hours(1), gone).error().code ==
        base::ErrorCode::kCancelled);
}

TEST_CASE("endless patience is endless") {
  MemoryBudget budget(100);
  auto all = budget.TryReserve(100, "a test");
  std::thread releaser([&] { all->Release(); });
  CHECK(budget.Reserve(100, "a test", milliseconds::max(), {}));
  releaser.join();
}

TEST_CASE("memory given back wakes who waits for it") {
  MemoryBudget budget(100);
  auto all = budget.TryReserve(100, "a test");
  std::thread releaser([&] { all->Release(); });
  CHECK(budget.Reserve(100, "a test", std::chrono::hours(1), {}));
  releaser.join();
  CHECK(budget.used() == 0);
}

TEST_CASE("a frame's part of the budget takes from the whole, and what it holds counts") {
  MemoryBudget whole(100);
  const auto body = whole.TryReserve(30, "a body");
  REQUIRE(body);
  {
    MemoryBudget part(whole, 30);
    auto pixels = part.Reserve(60, "pixels", milliseconds(0), {});
    REQUIRE(pixels);
    CHECK(whole.used() == 90);
    CHECK(part.used() == 60);
    // Waiting for these would be waiting for itself.
    const auto never = part.Reserve(11, "more", std::chrono::hours(1), {});
    REQUIRE_FALSE(never);
    CHECK(never.error().code == base::ErrorCode::kInvalidFrame);
    CHECK(never.error().message.find("90 bytes") != std::string::npos);
    CHECK(part.TryReserve(11, "more").error().code == base::ErrorCode::kInvalidFrame);
    // These are held by others.
    const auto others = whole.TryReserve(5, "others");
    CHECK(part.TryReserve(10, "more").error().code == base::ErrorCode::kOverloaded);
    pixels->Release();
    CHECK(whole.used() == 35);
    CHECK(part.TryReserve(65, "more"));
  }
  CHECK(whole.used() == 30);
}

TEST_CASE("threads together never hold more than the budget") {
  MemoryBudget budget(10);
  std::atomic<int> held = 0;
  std::atomic<bool> exceeded = false;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2'000; ++i) {
        const int bytes = 1 + (i + t) % 7;
        auto taken =
            budget.Reserve(static_cast<std::size_t>(bytes), "a test", std::chrono::hours(1), {});
        if ((held += bytes) > 10) exceeded = true;
        held -= bytes;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_FALSE(exceeded);
  CHECK(budget.used() == 0);
}

TEST_CASE("a share takes from the whole, no more than it may, and says who may hold how much") {
  constexpr std::size_t kMiB = std::size_t{1} << 20;
  MemoryBudget whole(8 * kMiB);
  MemoryBudget all(whole, {4 * kMiB, "half of it", "all together", "send less"});
  MemoryBudget one(all, {2 * kMiB, "a quarter of it", "a camera", "send less"});
  MemoryBudget other(all, {3 * kMiB, "more of it", "another", "send less"});
  const auto never = one.Reserve(2 * kMiB + 1, "a test", std::chrono::hours(1), {});
  REQUIRE_FALSE(never);
  CHECK(never.error().code == base::ErrorCode::kOverloaded);
  CHECK(never.error().message ==
        "a test needs 3 MiB, and a camera may hold 2 MiB (a quarter of it): send less");
  {
    auto held = one.TryReserve(2 * kMiB, "a test");
    REQUIRE(held);
    CHECK((one.used() == 2 * kMiB && all.used() == 2 * kMiB && whole.used() == 2 * kMiB));
    CHECK(one.TryReserve(1, "a test").error().message ==
          "a test needs 1 MiB beside the 2 MiB held already, and a camera may hold 2 MiB (a "
          "quarter of it): send less");
    const auto beside = other.Reserve(3 * kMiB, "a test", milliseconds(0), {});
    REQUIRE_FALSE(beside);
    CHECK(beside.error().message ==
          "a test needs 3 MiB beside the 2 MiB held already, and all together may hold 4 MiB (half "
          "of it): send less");
    CHECK((other.used() == 0 && all.used() == 2 * kMiB && whole.used() == 2 * kMiB));
    CHECK(whole.TryReserve(6 * kMiB, "a test"));
    // Who waits has it when it is given back, whichever level it waits at.
    std::thread waiting([&] {
      CHECK(other.Reserve(3 * kMiB, "a test", std::chrono::minutes(10), {}));
      CHECK(one.Reserve(2 * kMiB, "a test", std::chrono::minutes(10), {}));
    });
    held->Release();
    waiting.join();
  }
  CHECK((one.used() == 0 && other.used() == 0 && all.used() == 0 && whole.used() == 0));
}

}  // namespace
}  // namespace sampleproc::resources

#include "process/worker_pool.h"

#include <catch2/catch.hpp>
#include <future>

#include "support/fake_clock.h"
#include "support/null_logger.h"

namespace sampleproc::process {
namespace {

struct TwoWorkers {
  TwoWorkers() {
    options.pipeline = {"stats"};
    auto started = WorkerPool::Start(2, 4, {options, codec, budget, clock, cameras}, log);
    REQUIRE(started);
    pool = std::move(*started);
  }

  testing::FakeClock clock;
  test::NullLogger log;
  Options options;
  codec::Options codec;
  resources::MemoryBudget budget{1 << 20};
  CameraStates cameras{1, budget};
  std::unique_ptr<WorkerPool> pool;
};

TEST_CASE("a worker that is at one task for too long counts as stuck until it ends") {
  TwoWorkers bench;
  testing::FakeClock& clock = bench.clock;
  WorkerPool* const pool = bench.pool.get();
  const std::chrono::seconds limit(30);
  CHECK(pool->Stuck(limit) == 0);

  std::promise<void> begun, end;
  REQUIRE(pool->Submit([&](Processor&, CameraTurns::Turn) {
    begun.set_value();
    end.get_future().wait();
  }));
  begun.get_future().wait();
  clock.Advance(std::chrono::seconds(29));
  CHECK(pool->Stuck(limit) == 0);
  clock.Advance(std::chrono::seconds(1));
  CHECK(pool->Stuck(limit) == 1);
  // Who stops does not wait for it; the other worker has ended.
  CHECK_FALSE(pool->StopWithin(std::chrono::hours(1), limit));

  end.set_value();
  while (pool->counts().active != 0) std::this_thread::yield();
  CHECK(pool->Stuck(limit) == 0);
}

TEST_CASE("the frames of a camera go on without one whose worker is stuck") {
  TwoWorkers bench;
  testing::FakeClock& clock = bench.clock;
  WorkerPool* const pool = bench.pool.get();
  const std::optional<std::string> camera = "door";
  std::promise<void> begun, end, gone_on;
  REQUIRE(pool->Submit([&](Processor&, CameraTurns::Turn turn) {
    turn.Declare(camera);
    begun.set_value();
    end.get_future().wait();
  }));
  begun.get_future().wait();
  clock.Advance(std::chrono::seconds(30));
  REQUIRE(pool->Submit([&](Processor&, CameraTurns::Turn turn) {
    turn.Declare(camera);
    if (turn.Wait({})) gone_on.set_value();
  }));
  pool->PassOverStuck(std::chrono::seconds(30));
  gone_on.get_future().wait();
  end.set_value();
  while (pool->counts().active != 0) std::this_thread::yield();
}

TEST_CASE("who is refused by a full queue is told how long the queue takes") {
  testing::FakeClock clock;
  test::NullLogger log;
  Options options;
  options.pipeline = {"stats"};
  codec::Options codec;
  resources::DrainEstimate drain(1);
  resources::MemoryBudget budget(100, &drain);
  CameraStates cameras(1, budget);
  const auto pool =
      WorkerPool::Start(1, 3, {options, codec, budget, clock, cameras, nullptr, &drain}, log);
  REQUIRE(pool);

  REQUIRE((*pool)->Submit(
      [&](Processor&, CameraTurns::Turn) { clock.Advance(std::chrono::seconds(4)); }));
  while (clock.Now() == base::MonoTime{} || (*pool)->counts().active != 0)
    std::this_thread::yield();

  std::promise<void> begun, end;
  REQUIRE((*pool)->Submit([&](Processor&, CameraTurns::Turn) {
    begun.set_value();
    end.get_future().wait();
  }));
  begun.get_future().wait();
  for (int i = 0; i < 3; ++i) REQUIRE((*pool)->Submit([](Processor&, CameraTurns::Turn) {}));
  const auto refused = (*pool)->Submit([](Processor&, CameraTurns::Turn) {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::kOverloaded);
  CHECK(refused.error().retry_after == std::chrono::seconds(12));

  const auto some = budget.TryReserve(60, "a");
  REQUIRE(some);
  const auto no_memory = budget.TryReserve(60, "b");
  REQUIRE_FALSE(no_memory);
  CHECK(no_memory.error().retry_after == std::chrono::seconds(12));
  end.set_value();
  while ((*pool)->counts().active != 0) std::this_thread::yield();
}

}  // namespace
}  // namespace sampleproc::process

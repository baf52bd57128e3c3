// Frames over process.heavy_pixels: one at a time, and small ones go on behind them.
#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <latch>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "process/worker_pool.h"
#include "support/fake_clock.h"
#include "support/null_logger.h"

namespace sampleproc::process {
namespace {

frame::Frame GrayFrame(std::uint32_t side) {
  frame::Frame frame;
  frame.frame_id.assign(1, 'f');  // g++ 12 warns wrongly of a literal
  frame.storage.resize(std::size_t{side} * side);
  frame.encoded = frame.storage;
  frame.raw = frame::RawDescription{frame::RawFormat::kGray8, side, side};
  return frame;
}

bool IsRefused(const base::Result<frame::FrameResult>& result) {
  return !result && result.error().code == base::ErrorCode::kOverloaded;
}

struct Service {
  explicit Service(int workers, const base::Clock& clock = base::SystemClock()) {
    options.pipeline = {"stats"};  // no step here needs a module
    options.heavy_pixels = 100;
    options.heavy_patience = std::chrono::hours(1);
    auto started =
        WorkerPool::Start(workers, 1000, {options, codec, budget, clock, cameras, &lane}, log);
    REQUIRE(started);
    pool = std::move(*started);
  }

  void AwaitWaiting(std::size_t count) const {
    while (lane.waiting() != count) std::this_thread::yield();
  }

  test::NullLogger log;
  Options options;
  codec::Options codec;
  resources::MemoryBudget budget{64 << 20};
  CameraStates cameras{1, budget};
  resources::HeavyLane lane{WorkerPool::kSpareWorkers};
  std::unique_ptr<WorkerPool> pool;
};

TEST_CASE("small frames go on while every worker's heavy frame waits for its turn") {
  for (const int workers : {1, 2}) {
    INFO(workers << " workers");
    Service service(workers);
    auto slot = service.lane.Enter(std::chrono::hours(1), {});  // a heavy frame is in work
    REQUIRE(slot);
    std::atomic<int> heavy_done = 0;
    for (std::size_t i = 0; i < WorkerPool::kSpareWorkers; ++i) {
      REQUIRE(service.pool->Submit([&](Processor& processor, CameraTurns::Turn) {
        if (processor.Process(GrayFrame(11), {})) ++heavy_done;
      }));
      service.AwaitWaiting(i + 1);
    }
    std::latch small_done(10);
    for (int i = 0; i < 10; ++i) {
      REQUIRE(service.pool->Submit([&](Processor& processor, CameraTurns::Turn) {
        if (processor.Process(GrayFrame(10), {})) small_done.count_down();
      }));
    }
    small_done.wait();
    CHECK(heavy_done == 0);

    // One more than may wait is refused at once, and its worker goes on.
    std::latch refused(1);
    bool was_refused = false;
    REQUIRE(service.pool->Submit([&](Processor& processor, CameraTurns::Turn) {
      was_refused = IsRefused(processor.Process(GrayFrame(11), {}));
      refused.count_down();
    }));
    refused.wait();
    CHECK(was_refused);

    *slot = {};
    service.pool.reset();
    CHECK(heavy_done == static_cast<int>(WorkerPool::kSpareWorkers));
  }
}

TEST_CASE("a heavy frame holds the lane for all of its work and no longer") {
  Service service(2);
  service.options.delay = std::chrono::milliseconds(1);  // work after the decode
  std::atomic<int> done = 0;
  for (int i = 0; i < 20; ++i) {
    while (service.lane.waiting() == WorkerPool::kSpareWorkers) std::this_thread::yield();
    REQUIRE(service.pool->Submit([&](Processor& processor, CameraTurns::Turn) {
      const auto result = processor.Process(GrayFrame(50), {});
      if (result || IsRefused(result)) ++done;
    }));
  }
  service.pool.reset();
  CHECK(done == 20);
  CHECK(service.lane.Enter(std::chrono::milliseconds(0), {}));
  CHECK(service.budget.used() == 0);
}

TEST_CASE("a heavy frame whose time went by in the lane is not too slow") {
  constexpr std::chrono::milliseconds kTime(10'000);
  testing::FakeClock clock;
  Service service(1, clock);
  service.options.deadline = kTime;
  service.options.delay = std::chrono::hours(1);  // its work does not end
  auto slot = service.lane.Enter(std::chrono::hours(1), {});
  std::promise<base::Result<frame::FrameResult>> result;
  REQUIRE(service.pool->Submit([&](Processor& processor, CameraTurns::Turn turn) {
    result.set_value(processor.Process(GrayFrame(11), {}, std::move(turn)));
  }));
  service.AwaitWaiting(1);
  clock.Advance(kTime / 2);
  *slot = {};
  service.AwaitWaiting(0);
  clock.Advance(kTime / 2 + std::chrono::milliseconds(1));
  CHECK(IsRefused(result.get_future().get()));
}

TEST_CASE("a heavy frame is refused before memory is taken for it") {
  Service service(1);
  service.options.heavy_patience = std::chrono::milliseconds(0);
  const auto slot = service.lane.Enter(std::chrono::hours(1), {});
  bool was_refused = false;
  REQUIRE(service.pool->Submit([&](Processor& processor, CameraTurns::Turn) {
    was_refused = IsRefused(processor.Process(GrayFrame(11), {})) && service.budget.used() == 0;
  }));
  service.pool.reset();
  CHECK(was_refused);
}

}  // namespace
}  // namespace sampleproc::process

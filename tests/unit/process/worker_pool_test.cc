#include "process/worker_pool.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <new>
#include <thread>

#include "support/fake_clock.h"
#include "support/null_logger.h"
#include "unit/detect/model_maker.h"
#include "unit/detect/runtimes.h"

namespace sampleproc::process {
namespace {

using std::chrono::seconds;

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

frame::Frame FrameOf(const std::string& camera) {
  frame::Frame frame;
  frame.frame_id.assign(1, 'f');
  frame.camera_id = camera;
  frame.storage.resize(std::size_t{64} * 64);
  frame.encoded = frame.storage;
  frame.raw = frame::RawDescription{frame::RawFormat::kGray8, 64, 64};
  return frame;
}

TEST_CASE("frames without a network wait for none that do") {
  const detect::ModelFile slow(detect::ModelMaker(256, 256, false, 10)
                                   .Output("out", {1, 1344, 7}, std::vector<float>(1344 * 7))
                                   .Make());
  test::NullLogger log;
  Options options;
  options.pipeline = {"stats"};
  options.detectors = {{.name = "cups",
                        .model = slow.path(),
                        .labels = {"cat", "cup"},
                        .when = {detect::When::Kind::kAlways, {}},
                        .runtime = detect::RuntimeChoice::kOpencv}};
  options.models = detect::TestPlaces();
  options.deadline = {};
  const cameras::Directory directory(DefaultSettings(options), {{"door", {.pipeline = {"cups"}}}});
  codec::Options codec;
  resources::MemoryBudget budget{std::size_t{1} << 30};
  CameraStates cameras{1, budget};
  resources::HeavyLane lane{WorkerPool::kSpareWorkers};
  ProcessorContext context{options, codec, budget, base::SystemClock(), cameras, &lane};
  context.directory = &directory;
  const auto pool = WorkerPool::Start(2, 100, context, log);
  if (!pool) FAIL(pool.error().message);
  constexpr int kNetworks = 8;
  std::atomic<int> done = 0;
  for (int i = 0; i < kNetworks; ++i) {
    REQUIRE((*pool)->Submit(
        [&](Processor& processor, CameraTurns::Turn turn) {
          if (processor.Process(FrameOf("door"), {}, std::move(turn))) ++done;
        },
        {.camera = std::optional<std::string>("door")}));
  }
  std::promise<int> before;
  REQUIRE((*pool)->Submit(
      [&](Processor& processor, CameraTurns::Turn turn) {
        if (processor.Process(FrameOf("yard"), {}, std::move(turn))) before.set_value(done);
      },
      {.camera = std::optional<std::string>("yard")}));
  // In the queue's order seven of them would have been over.
  CHECK(before.get_future().get() < kNetworks - 2);
  while ((*pool)->counts().active + (*pool)->counts().queued > 0) std::this_thread::yield();
  CHECK(done == kNetworks);
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

// One worker, and a clock and an estimate of the test's own: a piece of 1000 bytes takes a second.
struct Estimated {
  explicit Estimated(int workers = 1) : drain(workers) {
    options.pipeline = {"stats"};
    for (int i = 0; i < 100; ++i) drain.Finished(1000, seconds(1));
    auto started = WorkerPool::Start(
        workers, 100, {options, codec, budget, clock, cameras, nullptr, &drain}, log);
    REQUIRE(started);
    pool = std::move(*started);
  }

  // Keeps a worker busy until `end`; returns once it is.
  void Occupy(std::size_t bytes = 1000) {
    std::promise<void> begun;
    REQUIRE(pool->Submit(
        [&begun, end = end.get_future().share()](Processor&, CameraTurns::Turn) {
          begun.set_value();
          end.wait();
        },
        {.bytes = bytes}));
    begun.get_future().wait();
  }

  base::Result<void> Offer(std::chrono::milliseconds within, std::size_t bytes = 1000) {
    return pool->Submit([this](Processor&, CameraTurns::Turn) { ++done; },
                        {.bytes = bytes,
                         .deadline = base::Deadline(clock, within),
                         .refuse = [this](const base::Error& error) {
                           if (error.code == base::ErrorCode::kOverloaded) ++refused;
                         }});
  }

  testing::FakeClock clock;
  test::NullLogger log;
  Options options;
  codec::Options codec;
  resources::DrainEstimate drain;
  resources::MemoryBudget budget{1 << 20};
  CameraStates cameras{1, budget};
  std::promise<void> end;
  std::atomic<int> done = 0;
  std::atomic<int> refused = 0;
  std::unique_ptr<WorkerPool> pool;
};

TEST_CASE("an idle worker takes a frame whatever the estimate says") {
  Estimated bench;
  CHECK(bench.Offer(std::chrono::milliseconds(1)));
  bench.pool.reset();
  CHECK(bench.done == 1);
}

TEST_CASE("a frame that cannot end in time is refused before it waits") {
  Estimated bench;
  bench.Occupy();
  // A second for the one in work, a second for itself.
  const auto late = bench.Offer(std::chrono::milliseconds(1900));
  REQUIRE_FALSE(late);
  CHECK(late.error().code == base::ErrorCode::kOverloaded);
  CHECK(late.error().retry_after.has_value());
  CHECK(bench.Offer(std::chrono::milliseconds(2100)));
  CHECK_FALSE(bench.Offer(std::chrono::milliseconds(2900)));
  CHECK(bench.Offer(std::chrono::milliseconds(3100)));
  CHECK(bench.pool->Submit([](Processor&, CameraTurns::Turn) {}, {.bytes = 1000}));  // no deadline
  CHECK(bench.pool->counts().queued == 3);
  bench.end.set_value();
  bench.pool.reset();
  CHECK(bench.done == 2);
}

TEST_CASE(
    "a frame that has waited for too long is refused instead of begun; the last one is tried") {
  Estimated bench;
  bench.Occupy();
  REQUIRE(bench.Offer(std::chrono::milliseconds(2500)));
  REQUIRE(bench.Offer(std::chrono::milliseconds(3500)));
  REQUIRE(bench.Offer(std::chrono::milliseconds(4500)));
  bench.clock.Advance(seconds(10));
  bench.end.set_value();
  bench.pool.reset();
  CHECK(bench.refused == 2);
  CHECK(bench.done == 1);
}

TEST_CASE("what was refused does not count as work that was quick") {
  Estimated bench;
  bench.Occupy();
  for (int i = 0; i < 20; ++i) REQUIRE(bench.Offer(seconds(30)));
  bench.clock.Advance(seconds(60));
  bench.end.set_value();
  bench.pool.reset();
  CHECK(bench.refused == 19);
  CHECK(bench.drain.Expected(1000) >= seconds(1) - std::chrono::milliseconds(70));
}

TEST_CASE("a camera that is known when its frame is queued holds up no other camera") {
  std::promise<void> begun, end, gone_on;  // the tasks' too, until the pool has ended
  Estimated bench(2);
  const std::optional<std::string> slow = "slow";
  REQUIRE(bench.pool->Submit(
      [&](Processor&, CameraTurns::Turn) {  // has not read whose frame it is, as it were
        begun.set_value();
        end.get_future().wait();
      },
      {.camera = slow}));
  begun.get_future().wait();
  REQUIRE(bench.pool->Submit([&](Processor&, CameraTurns::Turn turn) {
    turn.Declare("other");
    if (turn.Wait({})) gone_on.set_value();
  }));
  gone_on.get_future().wait();
  end.set_value();
}

TEST_CASE("a task that throws anything costs itself and nobody else") {
  Estimated bench;
  REQUIRE(bench.pool->Submit([](Processor&, CameraTurns::Turn) { throw std::bad_alloc(); }));
  REQUIRE(bench.pool->Submit([](Processor&, CameraTurns::Turn) { throw 1; }));
  REQUIRE(bench.Offer(std::chrono::hours(1)));
  bench.pool.reset();
  CHECK(bench.done == 1);
}

}  // namespace
}  // namespace sampleproc::process

#include "process/batcher.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <deque>
#include <future>
#include <latch>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "process/worker_pool.h"
#include "support/fake_clock.h"
#include "support/null_logger.h"

namespace sampleproc::process {
namespace {

using std::chrono::milliseconds;

BatcherOptions Settings(int size, milliseconds wait) {
  Options options;
  options.batch_size = size;
  options.batch_wait = wait;
  return BatcherOptions(options);
}

// Workers that do what the test says. Used by the test's thread, except AnyIdle.
class FakeWorkers final : public BatchWorkers {
 public:
  bool AnyIdle() const override { return idle; }
  bool WhenReached(std::move_only_function<void()> reached) override {
    if (!room) return false;
    asked.push_back(std::move(reached));
    return true;
  }
  void Reach() {
    auto reached = std::move(asked.front());
    asked.pop_front();
    reached();
  }

  std::atomic<bool> idle = false;
  bool room = true;
  std::deque<std::move_only_function<void()>> asked;
};

constexpr milliseconds kNever = std::chrono::hours(1);

struct Bench {
  explicit Bench(int size = 10, milliseconds wait = kNever)
      : batcher(Settings(size, wait), workers, clock, log,
                [this](const BatchReport& report) { reports.push_back(report); }) {}

  // Adds a frame that stays in work until its part is taken out of `parts`.
  void Add(int number) {
    REQUIRE(batcher.Add([this, number](BatchPart part) {
      started.push_back(number);
      parts.push_back(std::move(part));
    }));
  }
  void SucceedAll() {
    for (BatchPart& part : parts) part.Succeeded();
    parts.clear();
  }

  test::NullLogger log;
  testing::FakeClock clock;
  FakeWorkers workers;
  std::vector<int> started;
  std::vector<BatchReport> reports;
  Batcher batcher;
  std::vector<BatchPart> parts;
};

TEST_CASE("a frame that meets an idle worker is started within Add") {
  Bench bench;
  bench.workers.idle = true;
  bench.Add(1);
  CHECK(bench.started == std::vector{1});
  CHECK(bench.workers.asked.empty());
  bench.SucceedAll();
  REQUIRE(bench.reports.size() == 1);
  CHECK(bench.reports[0].reason == FlushReason::kIdle);
  CHECK(bench.reports[0].waited == std::chrono::nanoseconds(0));
}

TEST_CASE("frames gathered while all are busy start when a worker comes free, without the clock") {
  Bench bench;
  for (int i = 0; i < 4; ++i) bench.Add(i);
  CHECK(bench.started.empty());
  REQUIRE(bench.workers.asked.size() == 1);
  bench.workers.Reach();
  CHECK(bench.started == std::vector{0, 1, 2, 3});
  bench.SucceedAll();
  REQUIRE(bench.reports.size() == 1);
  CHECK(bench.reports[0].frames == 4);
  CHECK(bench.reports[0].succeeded == 4);
  CHECK(bench.reports[0].reason == FlushReason::kIdle);
  bench.Add(4);  // busy again: it asks again
  CHECK(bench.workers.asked.size() == 1);
  bench.batcher.Close();
}

TEST_CASE("a full batch does not wait for a worker") {
  Bench bench(3);
  for (int i = 0; i < 7; ++i) bench.Add(i);
  CHECK(bench.started == std::vector{0, 1, 2, 3, 4, 5});
  bench.batcher.Close();
  CHECK(bench.started.size() == 7);
  bench.SucceedAll();
  REQUIRE(bench.reports.size() == 3);
  CHECK(bench.reports[0].reason == FlushReason::kFull);
  CHECK(bench.reports[2].reason == FlushReason::kClosing);
  CHECK(bench.reports[2].frames == 1);
  CHECK(bench.batcher.totals().succeeded == 7);
  CHECK(bench.batcher.totals().batches == std::array<std::uint64_t, kFlushReasons>{2, 0, 0, 1});
}

TEST_CASE("the wait is bounded by batch_wait, and is not over before") {
  const BatcherOptions options = Settings(10, milliseconds(20));
  CHECK_FALSE(DueFlush(9, false, false, milliseconds(19), options));
  CHECK(DueFlush(1, false, false, milliseconds(20), options) == FlushReason::kWaited);
  CHECK_FALSE(DueFlush(0, true, true, milliseconds(20), options));

  test::NullLogger log;
  testing::FakeClock clock;
  FakeWorkers workers;
  workers.room = false;  // no worker will ever say that it is free
  std::latch started(1);
  Batcher batcher(options, workers, clock, log, {});
  REQUIRE(batcher.Add([&](BatchPart) { started.count_down(); }));
  CHECK_FALSE(started.try_wait());
  clock.Advance(milliseconds(20));
  started.wait();
}

TEST_CASE("a frame that fails, throws or is dropped costs its neighbours nothing") {
  Bench bench(4);
  bench.Add(1);
  REQUIRE(bench.batcher.Add([](BatchPart) { throw std::runtime_error("no"); }));
  REQUIRE(bench.batcher.Add([](BatchPart) {}));
  bench.Add(4);
  CHECK(bench.started == std::vector{1, 4});
  CHECK(bench.reports.empty());
  bench.SucceedAll();
  REQUIRE(bench.reports.size() == 1);
  CHECK(bench.reports[0].frames == 4);
  CHECK(bench.reports[0].succeeded == 2);
}

TEST_CASE("after Close nothing is taken, and what a worker remembers harms nothing") {
  test::NullLogger log;
  testing::FakeClock clock;
  FakeWorkers workers;
  int started = 0;
  {
    Batcher batcher(Settings(10, kNever), workers, clock, log, {});
    REQUIRE(batcher.Add([&](BatchPart) { ++started; }));
    batcher.Close();
    CHECK(batcher.Add([&](BatchPart) { ++started; }).error().code ==
          base::ErrorCode::kShuttingDown);
  }
  CHECK(started == 1);
  workers.Reach();
  CHECK(started == 1);
}

TEST_CASE("a report that throws is the caller's own affair") {
  test::NullLogger log;
  int reports = 0;
  std::vector<StartFrame> frames;
  for (int i = 0; i < 2; ++i) frames.push_back([](BatchPart part) { part.Succeeded(); });
  StartBatch(std::move(frames), FlushReason::kClosing, {}, log, [&](const BatchReport& report) {
    ++reports;
    CHECK(report.succeeded == 2);
    throw std::runtime_error("no");
  });
  CHECK(reports == 1);
  StartBatch({}, FlushReason::kClosing, {}, log, [&](const BatchReport& report) {
    ++reports;
    CHECK(report.frames == 0);
  });
  CHECK(reports == 2);
}

TEST_CASE("close returns when all frames have been started, whichever thread starts them") {
  FakeWorkers workers;
  workers.idle = true;
  test::NullLogger log;
  Batcher batcher(Settings(10, std::chrono::hours(1)), workers, base::SystemClock(), log, {});
  std::promise<void> begun, go_on, closed;
  const auto is_closed = closed.get_future();
  bool closed_early = false;
  std::jthread door([&] {
    (void)batcher.Add([&](BatchPart) {
      begun.set_value();
      go_on.get_future().wait();
    });
  });
  begun.get_future().wait();
  // Left to the door's thread, which is at its first frame. Whoever closes the batcher gets ample
  // time to return too early.
  REQUIRE(batcher.Add([&](BatchPart) {
    closed_early = is_closed.wait_for(milliseconds(100)) == std::future_status::ready;
  }));
  std::jthread closer([&] {
    batcher.Close();
    closed.set_value();
  });
  while (batcher.Add([](BatchPart) {})) std::this_thread::yield();  // until it is closing
  go_on.set_value();
  closer.join();
  door.join();
  CHECK_FALSE(closed_early);
}

TEST_CASE("a real pool works through frames of several threads; each is counted once") {
  test::NullLogger log;
  Options options;
  options.pipeline = {"stats"};  // no step here needs a module
  const codec::Options codec;
  resources::MemoryBudget budget(1 << 20);
  CameraStates cameras(1, budget);
  auto pool =
      WorkerPool::Start(2, 10'000, {options, codec, budget, base::SystemClock(), cameras}, log);
  REQUIRE(pool);
  constexpr int kThreads = 3, kFrames = 500;
  std::atomic<std::uint64_t> reported = 0;
  std::atomic<int> worked = 0;
  {
    const auto workers = BatchWorkersOf(**pool);
    Batcher batcher(BatcherOptions(options), *workers, base::SystemClock(), log,
                    [&](const BatchReport& report) { reported += report.succeeded; });
    {
      std::vector<std::jthread> doors;
      for (int t = 0; t < kThreads; ++t) {
        doors.emplace_back([&] {
          for (int i = 0; i < kFrames; ++i) {
            (void)batcher.Add([&, fails = i % 5 == 0](BatchPart part) {
              (void)(*pool)->Submit(
                  [&, fails, part = std::move(part)](Processor&, CameraTurns::Turn) mutable {
                    ++worked;
                    if (!fails) part.Succeeded();
                  });
            });
          }
        });
      }
    }
    batcher.Close();
    pool->reset();
    CHECK(batcher.totals().frames == kThreads * kFrames);
  }
  CHECK(worked == kThreads * kFrames);
  CHECK(reported == kThreads * kFrames * 4 / 5);
}

}  // namespace
}  // namespace sampleproc::process

#include "files/ordered_runner.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

namespace sampleproc::files {
namespace {

// Tasks numbered from 0, each named by its number.
Take Numbers(std::size_t count) {
  return [next = std::size_t{0}, count]() mutable -> base::Result<std::optional<Task>> {
    if (next == count) return std::nullopt;
    Task task;
    task.source = {"input", next++};
    task.frame_id = std::to_string(task.source.index);
    return task;
  };
}

base::Result<frame::FrameResult> Named(std::string name) {
  frame::FrameResult result;
  result.frame_id = std::move(name);
  return result;
}

// Each worker's task is done after some turns of the scheduler, more for some than for others, so
// that they end out of order.
void Dawdle(std::size_t number) {
  for (std::size_t turns = number % 7; turns > 0; --turns) std::this_thread::yield();
}

struct Outcome {
  std::vector<std::string> records;  // frame_id, or "!" and the error's message
  base::Result<RunTotals> totals;
};

Outcome Run(const RunOptions& options, const Take& take, const Work& work,
            const base::CancelFlag& stop = {}) {
  Outcome outcome;
  outcome.totals = RunOrdered(
      options, take, work,
      [&](const Record& record) -> base::Result<void> {
        outcome.records.push_back(record.result ? record.result->frame_id
                                                : "!" + record.result.error().message);
        return {};
      },
      stop);
  return outcome;
}

TEST_CASE("10,000 tasks with errors are records in order, without any work") {
  std::vector<std::string> expected;
  for (int i = 0; i < 10'000; ++i) expected.push_back("!error " + std::to_string(i));
  for (const int jobs : {1, 2, 8}) {
    const Outcome outcome = Run(
        {.jobs = jobs},
        [numbers = Numbers(10'000)] {
          auto task = numbers();
          if (*task)
            (*task)->error = base::Fail(base::ErrorCode::kIo, "error " + (*task)->frame_id).error();
          return task;
        },
        [](Task&) { return Named("never called"); });
    REQUIRE(outcome.totals);
    CHECK(outcome.records == expected);
    CHECK(outcome.totals->done == 10'000);
    CHECK(outcome.totals->failed == 10'000);
    CHECK_FALSE(outcome.totals->stopped);
  }
}

TEST_CASE("work done out of order is handed out in order, failures and exceptions included") {
  const auto work = [](Task& task) -> base::Result<frame::FrameResult> {
    const std::size_t number = task.source.index;
    Dawdle(number);
    if (number % 11 == 0) throw std::runtime_error("thrown");
    if (number % 13 == 0) throw std::bad_alloc();
    if (number % 5 == 0) return base::Fail(base::ErrorCode::kInvalidFrame, "broken");
    return Named(task.frame_id);
  };
  const Outcome alone = Run({.jobs = 1}, Numbers(2'000), work);
  REQUIRE(alone.totals);
  REQUIRE(alone.records.size() == 2'000);
  CHECK(alone.records[1] == "1");
  CHECK(alone.records[5] == "!broken");
  CHECK(alone.records[11] == "!unexpected failure: thrown");
  CHECK(alone.records[13] == "!out of memory");
  CHECK(alone.totals->failed > 400);
  for (const int jobs : {2, 8}) {
    const Outcome outcome = Run({.jobs = jobs}, Numbers(2'000), work);
    REQUIRE(outcome.totals);
    CHECK(outcome.records == alone.records);
    CHECK(outcome.totals->failed == alone.totals->failed);
  }
}

TEST_CASE("a run ends with its nth failure for any number of threads") {
  const auto work = [](Task& task) -> base::Result<frame::FrameResult> {
    const std::size_t number = task.source.index;
    Dawdle(number);
    if (number % 10 == 9) return base::Fail(base::ErrorCode::kIo, "broken");
    return Named(task.frame_id);
  };
  for (const std::size_t failures : {std::size_t{1}, std::size_t{4}}) {
    const Outcome alone = Run({.jobs = 1, .max_failures = failures}, Numbers(200), work);
    CHECK(alone.totals->failed == failures);
    CHECK(alone.totals->done == alone.records.size());
    CHECK(alone.records.back() == "!broken");
    for (const int jobs : {2, 8}) {
      const Outcome outcome = Run({.jobs = jobs, .max_failures = failures}, Numbers(200), work);
      CHECK(outcome.records == alone.records);
      CHECK(outcome.totals->failed == failures);
    }
  }
}

TEST_CASE("with one job all is done by the calling thread") {
  const auto self = std::this_thread::get_id();
  bool elsewhere = false;
  Run({.jobs = 1}, Numbers(10), [&](Task& task) {
    elsewhere = elsewhere || std::this_thread::get_id() != self || task.worker != 0;
    return Named("x");
  });
  CHECK_FALSE(elsewhere);
}

TEST_CASE("a worker's number belongs to one task at a time") {
  std::mutex mutex;
  std::set<int> busy;
  std::atomic<bool> twice = false;
  Run({.jobs = 4}, Numbers(2'000), [&](Task& task) {
    {
      const std::lock_guard lock(mutex);
      if (task.worker < 0 || task.worker > 3 || !busy.insert(task.worker).second) twice = true;
    }
    Dawdle(static_cast<std::size_t>(task.worker));
    const std::lock_guard lock(mutex);
    busy.erase(task.worker);
    return Named("x");
  });
  CHECK_FALSE(twice);
}

TEST_CASE("what was begun when the stop flag is set is finished and handed out") {
  for (const int jobs : {1, 2, 8}) {
    const base::CancelFlag stop;
    std::atomic<std::size_t> begun = 0;
    std::size_t begun_by_then = 0;
    const Outcome outcome = Run(
        {.jobs = jobs}, Numbers(100'000),
        [&](Task&) {
          if (++begun == 50) {
            stop.Cancel();
            begun_by_then = begun;
          }
          return Named("x");
        },
        stop);
    REQUIRE(outcome.totals);
    CHECK(outcome.totals->stopped);
    CHECK(outcome.records.size() == begun);
    CHECK(begun_by_then >= 50);
    // The others may each have taken one that they had not begun.
    CHECK(begun < begun_by_then + static_cast<std::size_t>(jobs));
  }
}

TEST_CASE("no more records wait than the window holds") {
  std::atomic<std::size_t> begun = 0;
  std::size_t emitted = 0;
  std::size_t ahead = 0;
  const Take take = Numbers(5'000);
  const auto totals = RunOrdered(
      {.jobs = 4}, take,
      [&](Task&) {
        ++begun;
        return Named("x");
      },
      [&](const Record&) -> base::Result<void> {
        ahead = std::max(ahead, begun - emitted);
        ++emitted;
        return {};
      },
      {});
  REQUIRE(totals);
  CHECK(emitted == 5'000);
  CHECK(ahead <= 17);  // the window of 16 and the one being handed out
}

TEST_CASE("a record that cannot be written ends the run with its error") {
  for (const int jobs : {1, 8}) {
    int written = 0;
    const Take take = Numbers(1'000);
    const auto totals = RunOrdered(
        {.jobs = jobs}, take, [](Task&) { return Named("x"); },
        [&](const Record&) -> base::Result<void> {
          if (++written == 10) return base::Fail(base::ErrorCode::kIo, "disk full");
          return {};
        },
        {});
    REQUIRE_FALSE(totals);
    CHECK(totals.error().message == "disk full");
    CHECK(written == 10);
  }
}

TEST_CASE("an exception while a record is handed out ends the run as a bug") {
  for (const int jobs : {1, 8}) {
    const Take take = Numbers(1'000);
    const auto totals = RunOrdered(
        {.jobs = jobs}, take, [](Task&) { return Named("x"); },
        [](const Record&) -> base::Result<void> { throw std::invalid_argument("NaN"); }, {});
    REQUIRE_FALSE(totals);
    CHECK(totals.error().code == base::ErrorCode::kInternal);
  }
}

TEST_CASE("silent tasks are worked on, and nobody hears of them") {
  for (const int jobs : {1, 8}) {
    std::atomic<int> worked = 0;
    const Outcome outcome = Run(
        {.jobs = jobs, .max_failures = 2},
        [numbers = Numbers(100)] {
          auto task = numbers();
          if (*task) (*task)->silent = (*task)->source.index < 40;
          return task;
        },
        [&](Task& task) -> base::Result<frame::FrameResult> {
          ++worked;
          if (task.source.index < 20) return base::Fail(base::ErrorCode::kIo, "broken");
          return Named(task.frame_id);
        });
    REQUIRE(outcome.totals);
    CHECK(worked == 100);
    CHECK(outcome.totals->done == 60);
    CHECK(outcome.totals->failed == 0);
    CHECK(outcome.records.front() == "40");
  }
}

TEST_CASE("failures of an earlier run count") {
  const auto fail = [](Task&) -> base::Result<frame::FrameResult> {
    return base::Fail(base::ErrorCode::kIo, "broken");
  };
  for (const int jobs : {1, 8}) {
    CHECK(Run({.jobs = jobs, .max_failures = 5, .failed_before = 3}, Numbers(100), fail)
              .records.size() == 2);
    CHECK(Run({.jobs = jobs, .max_failures = 5, .failed_before = 5}, Numbers(100), fail)
              .records.empty());
  }
}

TEST_CASE("inputs that cannot be read further end the run after what was begun") {
  for (const int jobs : {1, 8}) {
    std::vector<std::string> seen;
    const auto totals = RunOrdered(
        {.jobs = jobs},
        [numbers = Numbers(50)]() -> base::Result<std::optional<Task>> {
          auto task = numbers();
          if (!*task) return base::Fail(base::ErrorCode::kUsage, "other inputs");
          return task;
        },
        [](Task& task) { return Named(task.frame_id); },
        [&](const Record& record) -> base::Result<void> {
          seen.push_back(record.frame_id);
          return {};
        },
        {});
    REQUIRE_FALSE(totals);
    CHECK(totals.error().message == "other inputs");
    CHECK(seen.size() == 50);
  }
}

TEST_CASE("no inputs are no records") {
  const Outcome outcome = Run({.jobs = 8}, Numbers(0), [](Task&) { return Named("x"); });
  CHECK(outcome.records.empty());
  CHECK(outcome.totals->done == 0);
}

}  // namespace
}  // namespace sampleproc::files

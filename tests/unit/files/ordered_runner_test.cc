#include "files/ordered_runner.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "support/temp_dir.h"

namespace sampleproc::files {
namespace {

// The inputs are "-", which the list passes on unseen; each number is told by its place.
InputList Inputs(std::size_t count) {
  return InputList(std::vector<std::string>(count, "-"), false);
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

Outcome Run(const RunOptions& options, InputList inputs, const Work& work,
            const base::CancelFlag& stop = {}) {
  Outcome outcome;
  outcome.totals = RunOrdered(
      options, inputs, work,
      [&](const Record& record) -> base::Result<void> {
        outcome.records.push_back(record.result ? record.result->frame_id
                                                : "!" + record.result.error().message);
        return {};
      },
      stop);
  return outcome;
}

// Paths that do not exist carry errors; they tell the order without any work.
InputList Missing(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back("/nonexistent/" + std::to_string(i));
  return InputList(names, false);
}

TEST_CASE("10,000 records come in the order of their inputs for any number of threads") {
  std::vector<std::string> expected;
  for (int i = 0; i < 10'000; ++i) {
    expected.push_back("!cannot read /nonexistent/" + std::to_string(i) +
                       ": No such file or directory");
  }
  for (const int jobs : {1, 2, 8}) {
    const Outcome outcome =
        Run({.jobs = jobs}, Missing(10'000), [](const Task&) { return Named("never called"); });
    REQUIRE(outcome.totals);
    CHECK(outcome.records == expected);
    CHECK(outcome.totals->done == 10'000);
    CHECK(outcome.totals->failed == 10'000);
    CHECK_FALSE(outcome.totals->stopped);
  }
}

// Files that exist, named by their numbers.
struct NumberedFiles {
  explicit NumberedFiles(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) paths.push_back(dir.Write(std::to_string(i), ""));
  }
  static std::size_t NumberOf(const Task& task) {
    return std::stoul(task.source.source.substr(task.source.source.rfind('/') + 1));
  }

  testing::TempDir dir;
  std::vector<std::string> paths;
};

TEST_CASE("work done out of order is handed out in order, failures and exceptions included") {
  const NumberedFiles files(2'000);
  const auto work = [](const Task& task) -> base::Result<frame::FrameResult> {
    const std::size_t number = NumberedFiles::NumberOf(task);
    Dawdle(number);
    if (number % 11 == 0) throw std::runtime_error("thrown");
    if (number % 13 == 0) throw std::bad_alloc();
    if (number % 5 == 0) return base::Fail(base::ErrorCode::kInvalidFrame, "broken");
    return Named(task.frame_id);
  };
  const Outcome alone = Run({.jobs = 1}, InputList(files.paths, false), work);
  REQUIRE(alone.totals);
  REQUIRE(alone.records.size() == 2'000);
  CHECK(alone.records[1] == files.paths[1] + "#0");
  CHECK(alone.records[5] == "!broken");
  CHECK(alone.records[11] == "!unexpected failure: thrown");
  CHECK(alone.records[13] == "!out of memory");
  CHECK(alone.totals->failed > 400);
  for (const int jobs : {2, 8}) {
    const Outcome outcome = Run({.jobs = jobs}, InputList(files.paths, false), work);
    REQUIRE(outcome.totals);
    CHECK(outcome.records == alone.records);
    CHECK(outcome.totals->failed == alone.totals->failed);
  }
}

TEST_CASE("a run ends with its nth failure for any number of threads") {
  const NumberedFiles files(200);
  const auto work = [](const Task& task) -> base::Result<frame::FrameResult> {
    const std::size_t number = NumberedFiles::NumberOf(task);
    Dawdle(number);
    if (number % 10 == 9) return base::Fail(base::ErrorCode::kIo, "broken");
    return Named(task.frame_id);
  };
  for (const std::size_t failures : {std::size_t{1}, std::size_t{4}}) {
    const Outcome alone =
        Run({.jobs = 1, .max_failures = failures}, InputList(files.paths, false), work);
    CHECK(alone.totals->failed == failures);
    CHECK(alone.totals->done == alone.records.size());
    CHECK(alone.records.back() == "!broken");
    for (const int jobs : {2, 8}) {
      const Outcome outcome =
          Run({.jobs = jobs, .max_failures = failures}, InputList(files.paths, false), work);
      CHECK(outcome.records == alone.records);
      CHECK(outcome.totals->failed == failures);
    }
  }
}

TEST_CASE("with one job all is done by the calling thread") {
  const auto self = std::this_thread::get_id();
  bool elsewhere = false;
  Run({.jobs = 1}, Inputs(10), [&](const Task& task) {
    elsewhere = elsewhere || std::this_thread::get_id() != self || task.worker != 0;
    return Named("x");
  });
  CHECK_FALSE(elsewhere);
}

TEST_CASE("a worker's number belongs to one task at a time") {
  std::mutex mutex;
  std::set<int> busy;
  std::atomic<bool> twice = false;
  Run({.jobs = 4}, Inputs(2'000), [&](const Task& task) {
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
    const Outcome outcome = Run(
        {.jobs = jobs}, Inputs(100'000),
        [&](const Task&) {
          if (++begun == 50) stop.Cancel();
          return Named("x");
        },
        stop);
    REQUIRE(outcome.totals);
    CHECK(outcome.totals->stopped);
    CHECK(outcome.records.size() == begun);
    CHECK(begun >= 50);
    CHECK(begun < 50 + 8);
  }
}

TEST_CASE("no more records wait than the window holds") {
  std::atomic<std::size_t> begun = 0;
  std::size_t emitted = 0;
  std::size_t ahead = 0;
  InputList inputs = Inputs(5'000);
  const auto totals = RunOrdered(
      {.jobs = 4}, inputs,
      [&](const Task&) {
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
    InputList inputs = Inputs(1'000);
    const auto totals = RunOrdered(
        {.jobs = jobs}, inputs, [](const Task&) { return Named("x"); },
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
    InputList inputs = Inputs(1'000);
    const auto totals = RunOrdered(
        {.jobs = jobs}, inputs, [](const Task&) { return Named("x"); },
        [](const Record&) -> base::Result<void> { throw std::invalid_argument("NaN"); }, {});
    REQUIRE_FALSE(totals);
    CHECK(totals.error().code == base::ErrorCode::kInternal);
  }
}

TEST_CASE("no inputs are no records") {
  const Outcome outcome = Run({.jobs = 8}, Inputs(0), [](const Task&) { return Named("x"); });
  CHECK(outcome.records.empty());
  CHECK(outcome.totals->done == 0);
}

}  // namespace
}  // namespace sampleproc::files

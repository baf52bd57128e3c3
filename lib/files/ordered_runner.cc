#include "files/ordered_runner.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace sampleproc::files {
namespace {

constexpr std::size_t kWindowPerJob = 4;

base::Result<frame::FrameResult> Guarded(const Work& work, const Task& task) {
  try {
    return work(task);
  } catch (const std::bad_alloc&) {
    return base::Fail(base::ErrorCode::kInternal, "out of memory");
  } catch (const std::exception& failure) {
    return base::Fail(base::ErrorCode::kInternal,
                      std::string("unexpected failure: ") + failure.what());
  }
}

// An exception must not leave a thread of ours.
base::Result<void> Guarded(const Emit& emit, const Record& record) {
  try {
    return emit(record);
  } catch (const std::exception& failure) {
    return base::Fail(base::ErrorCode::kInternal,
                      std::string("cannot hand out a record: ") + failure.what());
  }
}

// Threads: every member below mutex_ is guarded by it. Records are numbered in the order in which
// their inputs were taken; slot i % window holds record i from its completion to its emission.
// Invariant: emitted_ <= i < taken_ <= emitted_ + window for every record i in hand.
class Run {
 public:
  Run(const RunOptions& options, InputList& inputs, const Work& work, const Emit& emit,
      const base::CancelFlag& stop)
      : options_(options),
        inputs_(inputs),
        work_(work),
        emit_(emit),
        stop_(stop),
        slots_(kWindowPerJob * static_cast<std::size_t>(std::max(options.jobs, 1))) {}

  void WorkLoop(int worker) {
    std::unique_lock lock(mutex_);
    while (std::optional<Input> input = Take(lock)) {
      const std::size_t number = taken_++;
      lock.unlock();
      Record record = Process(std::move(*input), worker);
      lock.lock();
      slots_[number % slots_.size()] = std::move(record);
      EmitReady(lock);
    }
  }

  base::Result<RunTotals> Finish() {
    if (failure_) return std::unexpected(std::move(*failure_));
    return totals_;
  }

 private:
  std::optional<Input> Take(std::unique_lock<std::mutex>& lock) {
    room_.wait(lock, [this] { return ended_ || taken_ < emitted_ + slots_.size(); });
    if (ended_) return std::nullopt;
    if (stop_.Cancelled()) {
      totals_.stopped = true;
      End();
      return std::nullopt;
    }
    std::optional<Input> input = inputs_.Next();
    if (!input) End();
    return input;
  }

  Record Process(Input input, int worker) const {
    Task task{{std::move(input.path), 0}, "", worker};
    task.frame_id = task.source.source + "#" + std::to_string(task.source.index);
    auto result = input.error ? std::unexpected(std::move(*input.error)) : Guarded(work_, task);
    return {std::move(task.source), std::move(task.frame_id), std::move(result)};
  }

  // Hands out all records whose turn has come. Whoever finds another thread at it leaves it to
  // that one, which looks again after each record.
  void EmitReady(std::unique_lock<std::mutex>& lock) {
    if (emitting_) return;
    emitting_ = true;
    while (!cut_off_ && slots_[emitted_ % slots_.size()]) {
      std::optional<Record>& slot = slots_[emitted_ % slots_.size()];
      const Record record = *std::exchange(slot, std::nullopt);
      lock.unlock();
      const auto emitted = Guarded(emit_, record);
      lock.lock();
      ++emitted_;
      room_.notify_all();
      Account(record, emitted);
    }
    emitting_ = false;
  }

  void Account(const Record& record, const base::Result<void>& emitted) {
    if (!emitted) {
      failure_ = emitted.error();
      cut_off_ = true;
    } else {
      ++totals_.done;
      if (!record.result) ++totals_.failed;
      cut_off_ = options_.max_failures > 0 && totals_.failed >= options_.max_failures;
    }
    if (cut_off_) End();
  }

  void End() {
    ended_ = true;
    room_.notify_all();
  }

  const RunOptions& options_;
  InputList& inputs_;  // guarded by mutex_
  const Work& work_;
  const Emit& emit_;
  const base::CancelFlag& stop_;

  std::mutex mutex_;
  std::condition_variable room_;
  std::vector<std::optional<Record>> slots_;
  std::size_t taken_ = 0;
  std::size_t emitted_ = 0;
  bool emitting_ = false;
  bool ended_ = false;    // no further input is taken
  bool cut_off_ = false;  // no further record is handed out
  RunTotals totals_;
  std::optional<base::Error> failure_;
};

}  // namespace

base::Result<RunTotals> RunOrdered(const RunOptions& options, InputList& inputs, const Work& work,
                                   const Emit& emit, const base::CancelFlag& stop) {
  Run run(options, inputs, work, emit, stop);
  {
    std::vector<std::jthread> threads;
    for (int worker = 1; worker < options.jobs; ++worker) {
      threads.emplace_back([&run, worker] { run.WorkLoop(worker); });
    }
    run.WorkLoop(0);
  }
  return run.Finish();
}

}  // namespace sampleproc::files

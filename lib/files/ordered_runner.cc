#include "files/ordered_runner.h"

#include <algorithm>
#include <exception>
#include <new>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "files/name_text.h"

namespace sampleproc::files {
namespace {

constexpr std::size_t kWindowPerJob = 4;

// Takes none: the text is within the string itself.
std::unexpected<base::Error> NoMemory() {
  return base::Fail(base::ErrorCode::kInternal, "out of memory");
}

base::Result<frame::FrameResult> Guarded(const Work& work, Task& task) {
  try {
    return work(task);
  } catch (const std::bad_alloc&) {
    return NoMemory();
  } catch (const std::exception& failure) {
    return base::Fail(base::ErrorCode::kInternal,
                      std::string("unexpected failure: ") + failure.what());
  }
}

// An exception must not leave a thread of ours.
base::Result<std::optional<Task>> Guarded(const Take& take) {
  try {
    return take();
  } catch (const std::bad_alloc&) {
    return NoMemory();
  } catch (const std::exception& failure) {
    return base::Fail(base::ErrorCode::kInternal,
                      std::string("cannot read the inputs: ") + failure.what());
  }
}

base::Result<void> Guarded(const Emit& emit, const Record& record) {
  try {
    return emit(record);
  } catch (const std::bad_alloc&) {
    return NoMemory();
  } catch (const std::exception& failure) {
    return base::Fail(base::ErrorCode::kInternal,
                      std::string("cannot hand out a record: ") + failure.what());
  }
}

// Threads: take_ is called under taking_, which makes the order of the frames; mutex_ is never held
// while frames are read or worked on. Records are numbered in the order in which their tasks were
// taken; slot i % window holds record i from its completion to its emission. Invariant: emitted_ <=
// i < taken_ <= emitted_ + window for every record i in hand.
class Run {
 public:
  Run(const RunOptions& options, const Take& take, const Work& work, const Emit& emit,
      const base::CancelFlag& stop)
      : options_(options),
        take_(take),
        work_(work),
        emit_(emit),
        stop_(stop),
        slots_(kWindowPerJob * static_cast<std::size_t>(std::max(options.jobs, 1))) {
    ended_ = HasFailedEnough();
  }

  void WorkLoop(int worker) {
    for (;;) {
      base::MutexLock taking(taking_);
      std::optional<Numbered> next = TakeNext();
      if (!next) return;
      taking.Unlock();
      next->task.worker = worker;
      Record record = Process(std::move(next->task));
      Keep(next->number, std::move(record));
      EmitReady();
    }
  }

  base::Result<RunTotals> Finish() {
    const base::MutexLock lock(mutex_);
    if (failure_) return std::unexpected(std::move(*failure_));
    return totals_;
  }

 private:
  struct Numbered {
    Task task;
    std::size_t number;
  };

  std::optional<Numbered> TakeNext() REQUIRES(taking_) {
    base::MutexLock lock(mutex_);
    while (!ended_ && taken_ >= emitted_ + slots_.size()) room_.Wait(mutex_);
    if (ended_) return std::nullopt;
    if (stop_.Cancelled()) {
      totals_.stopped = true;
      End();
      return std::nullopt;
    }
    lock.Unlock();
    auto task = Guarded(take_);
    lock.Lock();
    if (!task) failure_ = std::move(task.error());
    if (failure_ || !*task) {
      End();
      return std::nullopt;
    }
    return Numbered{std::move(**task), taken_++};
  }

  void Keep(std::size_t number, Record record) {
    const base::MutexLock lock(mutex_);
    slots_[number % slots_.size()] = std::move(record);
  }

  Record Process(Task task) const {
    auto result = task.error ? std::unexpected(std::move(*task.error)) : Guarded(work_, task);
    task.source.source = NameAsText(task.source.source);  // no file is opened by it any more
    return {std::move(task.source),
            std::move(task.frame_id),
            std::move(result),
            task.place,
            task.of_many,
            task.silent,
            task.share,
            std::move(task.told),
            std::move(task.output_failed),
            std::move(task.picture),
            std::move(task.camera_id),
            std::move(task.drawn)};
  }

  // Hands out all records whose turn has come. Whoever finds another thread at it leaves it to
  // that one, which looks again after each record.
  void EmitReady() EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    if (emitting_) return;
    emitting_ = true;
    while (!cut_off_ && slots_[emitted_ % slots_.size()]) {
      std::optional<Record>& slot = slots_[emitted_ % slots_.size()];
      const Record record = *std::exchange(slot, std::nullopt);
      if (WasInterrupted(record)) {
        totals_.stopped = cut_off_ = true;
        End();
        break;
      }
      lock.Unlock();
      const auto emitted = record.silent ? base::Result<void>() : Guarded(emit_, record);
      lock.Lock();
      ++emitted_;
      room_.NotifyAll();
      Account(record, emitted);
    }
    emitting_ = false;
  }

  // Whether the frame was still waited for when the stop flag ended that. It is not done, and what
  // comes after it in order is not told.
  bool WasInterrupted(const Record& record) const {
    return !record.result && record.result.error().code == base::ErrorCode::kCancelled &&
           stop_.Cancelled();
  }

  void Account(const Record& record, const base::Result<void>& emitted) REQUIRES(mutex_) {
    if (!emitted) {
      failure_ = emitted.error();
      cut_off_ = true;
    } else if (!record.silent) {
      ++totals_.done;
      if (!record.result) ++totals_.failed;
      if (record.output_failed) failure_ = record.output_failed;
      totals_.gave_up = HasFailedEnough();
      cut_off_ = record.output_failed || totals_.gave_up;
    }
    if (cut_off_) End();
  }

  bool HasFailedEnough() const REQUIRES(mutex_) {
    return options_.max_failures > 0 &&
           options_.failed_before + totals_.failed >= options_.max_failures;
  }

  void End() REQUIRES(mutex_) {
    ended_ = true;
    room_.NotifyAll();
  }

  const RunOptions& options_;
  const Take& take_;
  const Work& work_;
  const Emit& emit_;
  const base::CancelFlag& stop_;

  base::Mutex taking_;  // locked before mutex_
  base::Mutex mutex_;
  base::CondVar room_;
  std::vector<std::optional<Record>> slots_ GUARDED_BY(mutex_);
  std::size_t taken_ GUARDED_BY(mutex_) = 0;
  std::size_t emitted_ GUARDED_BY(mutex_) = 0;
  bool emitting_ GUARDED_BY(mutex_) = false;
  bool ended_ GUARDED_BY(mutex_) = false;    // nothing further is taken
  bool cut_off_ GUARDED_BY(mutex_) = false;  // no further record is handed out
  RunTotals totals_ GUARDED_BY(mutex_);
  std::optional<base::Error> failure_ GUARDED_BY(mutex_);
};

}  // namespace

base::Result<RunTotals> RunOrdered(const RunOptions& options, const Take& take, const Work& work,
                                   const Emit& emit, const base::CancelFlag& stop) {
  Run run(options, take, work, emit, stop);
  {
    std::vector<std::jthread> threads;
    try {
      for (int worker = 1; worker < options.jobs; ++worker) {
        threads.emplace_back([&run, worker] { run.WorkLoop(worker); });
      }
    } catch (const std::exception&) {  // the system has no more threads: fewer do it
    }
    run.WorkLoop(0);
  }
  return run.Finish();
}

}  // namespace sampleproc::files

#include "process/batcher.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include "process/worker_pool.h"

namespace sampleproc::process {
namespace {

using std::chrono::nanoseconds;

class PoolWorkers final : public BatchWorkers {
 public:
  explicit PoolWorkers(WorkerPool& pool) : pool_(pool) {}

  bool AnyIdle() const override {
    const WorkerPool::Counts counts = pool_.counts();
    return counts.queued + counts.active < static_cast<std::size_t>(pool_.workers());
  }

  bool WhenReached(std::move_only_function<void()> reached) override {
    return pool_
        .Submit(
            [reached = std::move(reached)](Processor&, CameraTurns::Turn) mutable { reached(); })
        .has_value();
  }

 private:
  WorkerPool& pool_;
};

}  // namespace

std::unique_ptr<BatchWorkers> BatchWorkersOf(WorkerPool& pool) {
  return std::make_unique<PoolWorkers>(pool);
}

std::optional<FlushReason> DueFlush(std::size_t gathered, bool worker_is_free, bool closing,
                                    nanoseconds oldest_waits, const BatcherOptions& options) {
  if (gathered == 0) return std::nullopt;
  if (gathered >= options.batch_size) return FlushReason::kFull;
  if (closing) return FlushReason::kClosing;
  if (worker_is_free) return FlushReason::kIdle;
  if (oldest_waits >= options.batch_wait) return FlushReason::kWaited;
  return std::nullopt;
}

class Batcher::State : public std::enable_shared_from_this<State> {
 public:
  State(const BatcherOptions& options, BatchWorkers& workers, const base::Clock& clock,
        base::Logger& log, OnBatch on_batch)
      : options_(options),
        workers_(workers),
        clock_(clock),
        log_(log),
        on_batch_(std::move(on_batch)) {}

  base::Result<void> Add(StartFrame start) {
    std::unique_lock lock(mutex_);
    if (closing_) {
      return base::Fail(base::ErrorCode::kShuttingDown, "no more frames are taken");
    }
    gathered_.push_back({std::move(start), clock_.Now()});
    FlushDue(lock);
    return {};
  }

  void Close() {
    std::unique_lock lock(mutex_);
    closing_ = true;
    FlushDue(lock);
    changed_.notify_all();
    flushed_.wait(lock, [this] { return !flushing_; });  // by another thread
  }

  Totals totals() const {
    const std::lock_guard lock(mutex_);
    return totals_;
  }

  // Flushes what has waited long enough, until Close.
  void Watch() {
    // The clock may be one that this thread cannot sleep on, so it looks at it again and again,
    // while frames wait.
    constexpr std::chrono::milliseconds kLook{5};
    std::unique_lock lock(mutex_);
    while (!closing_) {
      changed_.wait(lock, [this] { return closing_ || !gathered_.empty(); });
      if (closing_) return;
      changed_.wait_for(lock, std::min(kLook, std::max(options_.batch_wait, kLook / 5)));
      FlushDue(lock);
    }
  }

 private:
  struct Gathered {
    StartFrame start;
    base::MonoTime since;
  };

  // Whoever finds another thread at it leaves it to that one, which looks again after each batch:
  // so batches start in order, and no lock is held while frames start.
  void FlushDue(std::unique_lock<std::mutex>& lock) {
    if (flushing_) return;
    flushing_ = true;
    while (const auto reason = Due()) {
      const nanoseconds waited = clock_.Now() - gathered_.front().since;
      std::vector<StartFrame> batch = Take();
      lock.unlock();
      StartBatch(std::move(batch), *reason, waited, log_,
                 [self = shared_from_this()](const BatchReport& report) { self->Account(report); });
      lock.lock();
    }
    flushing_ = false;
    reached_ = false;
    if (closing_) flushed_.notify_all();
    if (gathered_.empty()) return;
    changed_.notify_all();
    if (!asked_) asked_ = workers_.WhenReached([self = shared_from_this()] { self->Reached(); });
  }

  std::optional<FlushReason> Due() const {
    if (gathered_.empty()) return std::nullopt;
    return DueFlush(gathered_.size(), reached_ || workers_.AnyIdle(), closing_,
                    clock_.Now() - gathered_.front().since, options_);
  }

  std::vector<StartFrame> Take() {
    std::vector<StartFrame> batch;
    const auto count = static_cast<std::ptrdiff_t>(std::min(gathered_.size(), options_.batch_size));
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      batch.push_back(std::move(gathered_[static_cast<std::size_t>(i)].start));
    }
    gathered_.erase(gathered_.begin(), gathered_.begin() + count);
    return batch;
  }

  void Reached() {
    std::unique_lock lock(mutex_);
    asked_ = false;
    reached_ = true;
    FlushDue(lock);
  }

  void Account(const BatchReport& report) {
    {
      const std::lock_guard lock(mutex_);
      totals_.frames += report.frames;
      totals_.succeeded += report.succeeded;
      ++totals_.batches[static_cast<std::size_t>(report.reason)];
    }
    if (on_batch_) on_batch_(report);
  }

  const BatcherOptions options_;
  BatchWorkers& workers_;
  const base::Clock& clock_;
  base::Logger& log_;
  const OnBatch on_batch_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable flushed_;  // after closing_
  std::vector<Gathered> gathered_;   // guarded by mutex_, as all below
  bool flushing_ = false;            // a thread is in FlushDue
  bool asked_ = false;               // a worker will come to Reached
  bool reached_ = false;             // a worker has come, and nobody has looked yet
  bool closing_ = false;
  Totals totals_;
};

Batcher::Batcher(const BatcherOptions& options, BatchWorkers& workers, const base::Clock& clock,
                 base::Logger& log, OnBatch on_batch)
    : state_(std::make_shared<State>(options, workers, clock, log, std::move(on_batch))),
      timer_([state = state_] { state->Watch(); }) {}

Batcher::~Batcher() { Close(); }

base::Result<void> Batcher::Add(StartFrame start) { return state_->Add(std::move(start)); }

void Batcher::Close() { state_->Close(); }

Batcher::Totals Batcher::totals() const { return state_->totals(); }

}  // namespace sampleproc::process

#include "process/worker_pool.h"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

namespace sampleproc::process {

base::Result<std::unique_ptr<WorkerPool>> WorkerPool::Start(int workers, int queue_depth,
                                                            const ProcessorContext& context,
                                                            base::Logger& log) {
  workers = std::max(workers, 1);
  const int spares = context.heavy == nullptr ? 0 : static_cast<int>(kSpareWorkers);
  std::vector<Processor> processors;
  for (int i = 0; i < workers + spares; ++i) {
    auto processor = Processor::Make(context);
    if (!processor) return std::unexpected(processor.error());
    processors.push_back(std::move(*processor));
  }
  std::unique_ptr<WorkerPool> pool(
      new WorkerPool(workers, static_cast<std::size_t>(std::max(queue_depth, 1)), context, log));
  if (pool->heavy_ != nullptr) {
    pool->heavy_->Watch([pool = pool.get()](std::size_t waiting) {
      const std::lock_guard lock(pool->mutex_);
      pool->idling_ = waiting;
      pool->spare_needed_.notify_all();
    });
  }
  pool->busy_.resize(processors.size());
  pool->running_ = static_cast<int>(processors.size());
  for (std::size_t i = 0; i < processors.size(); ++i) {
    pool->threads_.emplace_back(
        [pool = pool.get(), mine = std::move(processors[i]), i]() mutable { pool->Work(mine, i); });
  }
  return pool;
}

WorkerPool::~WorkerPool() {
  StopWithin(std::chrono::milliseconds(0));
  for (std::thread& thread : threads_) thread.join();
  if (heavy_ != nullptr) heavy_->Watch({});
}

bool WorkerPool::StopWithin(std::chrono::milliseconds patience,
                            std::chrono::milliseconds stuck_after) {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  arrived_.notify_all();
  spare_needed_.notify_all();
  ended_.wait_for(lock, patience, [&] { return running_ == CountStuck(stuck_after); });
  return running_ == 0;
}

base::Result<void> WorkerPool::Submit(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return base::Fail(base::ErrorCode::kShuttingDown, "the service is stopping");
    if (queue_.size() >= queue_depth_) {
      auto refused = base::Fail(base::ErrorCode::kOverloaded,
                                "all workers are busy and " + std::to_string(queue_depth_) +
                                    " frames wait already (process.queue_depth)");
      if (drain_ != nullptr) refused.error().retry_after = drain_->RetryAfter();
      return refused;
    }
    queue_.push_back(std::move(task));
    NoteWaiting();
    if (idling_ > 0) spare_needed_.notify_all();
  }
  arrived_.notify_one();
  return {};
}

WorkerPool::Counts WorkerPool::counts() const {
  const std::lock_guard lock(mutex_);
  Counts counts = counts_;
  counts.queued = queue_.size();
  return counts;
}

int WorkerPool::Stuck(std::chrono::milliseconds limit) const {
  const std::lock_guard lock(mutex_);
  return CountStuck(limit);
}

// Under the lock.
int WorkerPool::CountStuck(std::chrono::milliseconds limit) const {
  return static_cast<int>(
      std::ranges::count_if(busy_, [&](const auto& busy) { return IsStuck(busy, limit); }));
}

void WorkerPool::PassOverStuck(std::chrono::milliseconds limit) {
  const std::lock_guard lock(mutex_);
  for (const std::optional<Busy>& busy : busy_) {
    if (IsStuck(busy, limit)) turns_.PassOver(busy->turn);
  }
}

bool WorkerPool::MayTake(bool spare) const {
  return !queue_.empty() && (!spare || spares_busy_ < idling_);
}

void WorkerPool::NoteWaiting() {
  if (drain_ != nullptr) drain_->Waiting(queue_.size());
}

void WorkerPool::Work(Processor& processor, std::size_t number) {
  const bool spare = number >= static_cast<std::size_t>(workers_);
  std::unique_lock lock(mutex_);
  for (;;) {
    (spare ? spare_needed_ : arrived_).wait(lock, [&] { return stopping_ || MayTake(spare); });
    if (queue_.empty()) {
      --running_;
      ended_.notify_all();
      return;
    }
    Task task = std::move(queue_.front());
    queue_.pop_front();
    NoteWaiting();
    ++counts_.active;
    CameraTurns::Turn turn = turns_.Begin();
    if (spare) ++spares_busy_;
    busy_[number] = Busy{clock_.Now(), turn.number()};
    lock.unlock();
    try {
      task(processor, std::move(turn));
    } catch (const std::exception& bug) {
      log_.Error("a task threw", {{"error", bug.what()}});
    }
    task = nullptr;  // what it holds is given back before the count says so
    lock.lock();
    if (drain_ != nullptr) drain_->Finished(clock_.Now() - busy_[number]->since);
    busy_[number].reset();
    --counts_.active;
    if (spare) --spares_busy_;
  }
}

}  // namespace sampleproc::process

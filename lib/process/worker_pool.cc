#include "process/worker_pool.h"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

namespace sampleproc::process {

base::Result<std::unique_ptr<WorkerPool>> WorkerPool::Start(int workers, int queue_depth,
                                                            const ProcessorContext& context,
                                                            base::Logger& log) {
  std::vector<Processor> processors;
  for (int i = 0; i < std::max(workers, 1); ++i) {
    auto processor = Processor::Make(context);
    if (!processor) return std::unexpected(processor.error());
    processors.push_back(std::move(*processor));
  }
  std::unique_ptr<WorkerPool> pool(
      new WorkerPool(static_cast<std::size_t>(std::max(queue_depth, 1)), context.clock, log));
  pool->busy_since_.resize(processors.size());
  pool->running_ = static_cast<int>(processors.size());
  for (std::size_t i = 0; i < processors.size(); ++i) {
    pool->threads_.emplace_back(
        [pool = pool.get(), mine = std::move(processors[i]),
         &since = pool->busy_since_[i]]() mutable { pool->Work(mine, since); });
  }
  return pool;
}

WorkerPool::~WorkerPool() {
  StopWithin(std::chrono::milliseconds(0));
  for (std::thread& thread : threads_) thread.join();
}

bool WorkerPool::StopWithin(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  arrived_.notify_all();
  return ended_.wait_for(lock, patience, [this] { return running_ == 0; });
}

base::Result<void> WorkerPool::Submit(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return base::Fail(base::ErrorCode::kShuttingDown, "the service is stopping");
    if (queue_.size() >= queue_depth_) {
      return base::Fail(base::ErrorCode::kOverloaded,
                        "all workers are busy and " + std::to_string(queue_depth_) +
                            " frames wait already (process.queue_depth)");
    }
    queue_.push_back(std::move(task));
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
  const base::MonoTime now = clock_.Now();
  const std::lock_guard lock(mutex_);
  return static_cast<int>(std::count_if(
      busy_since_.begin(), busy_since_.end(),
      [&](const std::optional<base::MonoTime>& since) { return since && now - *since >= limit; }));
}

void WorkerPool::Work(Processor& processor, std::optional<base::MonoTime>& since) {
  std::unique_lock lock(mutex_);
  for (;;) {
    arrived_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) {
      --running_;
      ended_.notify_all();
      return;
    }
    Task task = std::move(queue_.front());
    queue_.pop_front();
    ++counts_.active;
    since = clock_.Now();
    lock.unlock();
    try {
      task(processor);
    } catch (const std::exception& bug) {
      log_.Error("a task threw", {{"error", bug.what()}});
    }
    task = nullptr;  // what it holds is given back before the count says so
    lock.lock();
    since.reset();
    --counts_.active;
  }
}

}  // namespace sampleproc::process

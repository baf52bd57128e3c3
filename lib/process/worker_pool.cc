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
      new WorkerPool(static_cast<std::size_t>(std::max(queue_depth, 1)), log));
  for (Processor& processor : processors) {
    pool->threads_.emplace_back(
        [pool = pool.get(), mine = std::move(processor)]() mutable { pool->Work(mine); });
  }
  return pool;
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_all();
  for (std::thread& thread : threads_) thread.join();
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

void WorkerPool::Work(Processor& processor) {
  std::unique_lock lock(mutex_);
  for (;;) {
    arrived_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    Task task = std::move(queue_.front());
    queue_.pop_front();
    ++counts_.active;
    CameraTurns::Turn turn = turns_.Begin();
    lock.unlock();
    try {
      task(processor, std::move(turn));
    } catch (const std::exception& bug) {
      log_.Error("a task threw", {{"error", bug.what()}});
    }
    task = nullptr;  // what it holds is given back before the count says so
    lock.lock();
    --counts_.active;
  }
}

}  // namespace sampleproc::process

// A fixed number of threads that work on frames, behind a bounded queue.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "process/processor.h"

namespace sampleproc::process {

// Thread-safe. Each worker owns one Processor; a task is run with the processor of the worker that
// took it, in the order of arrival. The turn that comes with it holds its place in that order; the
// task hands it on to Processor::Process, or lets it go.
class WorkerPool {
 public:
  // What a door wants done on a worker. It must report its outcome itself; an exception out of it
  // is logged and the worker goes on.
  using Task = std::move_only_function<void(Processor&, CameraTurns::Turn)>;

  struct Counts {
    std::size_t queued = 0;  // tasks waiting
    std::size_t active = 0;  // tasks in work
  };

  // Starts `workers` threads (at least 1). Fails with kConfig when the pipeline cannot be made.
  // `context` and `log` must outlive the pool.
  static base::Result<std::unique_ptr<WorkerPool>> Start(int workers, int queue_depth,
                                                         const ProcessorContext& context,
                                                         base::Logger& log);
  // Runs what is queued, then joins. Callers that want less cancel their tasks first.
  ~WorkerPool();

  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Queues the task or fails at once: kOverloaded when `queue_depth` tasks wait
  // already, kShuttingDown once the pool is being destroyed. Never waits.
  base::Result<void> Submit(Task task);

  Counts counts() const;
  int workers() const { return static_cast<int>(threads_.size()); }

 private:
  WorkerPool(std::size_t queue_depth, base::Logger& log) : queue_depth_(queue_depth), log_(log) {}
  void Work(Processor& processor);

  const std::size_t queue_depth_;
  base::Logger& log_;

  CameraTurns turns_;  // taken under mutex_, as tasks are

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Task> queue_;  // guarded by mutex_; never longer than queue_depth_
  Counts counts_;           // guarded by mutex_; `queued` is derived from queue_
  bool stopping_ = false;   // guarded by mutex_; set once

  std::vector<std::thread> threads_;  // written before Start returns only
};

}  // namespace sampleproc::process

// A fixed number of threads that work on frames, behind a bounded queue.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "process/processor.h"

namespace sampleproc::process {

// Thread-safe. Each worker owns one Processor; a task is run with the processor of the worker that
// took it, in the order of arrival. The turn that comes with it holds its place in that order; the
// task hands it on to Processor::Process, or lets it go.
//
// A worker whose frame waits for the heavy lane does nothing, so a spare one takes over its part of
// the queue meanwhile: small frames go on behind large ones.
class WorkerPool {
 public:
  // Heavy frames that may wait at once, each with a spare worker for it: what a service's HeavyLane
  // is made with.
  static constexpr std::size_t kSpareWorkers = 4;

  // What a door wants done on a worker. It must report its outcome itself; an exception out of it
  // is logged and the worker goes on.
  using Task = std::move_only_function<void(Processor&, CameraTurns::Turn)>;

  struct Counts {
    std::size_t queued = 0;  // tasks waiting
    std::size_t active = 0;  // tasks in work
  };

  // Starts `workers` threads (at least 1). Fails with kConfig when the pipeline cannot be made.
  // `context` and `log` must outlive the pool, which watches the context's heavy lane and tells its
  // drain estimate.
  static base::Result<std::unique_ptr<WorkerPool>> Start(int workers, int queue_depth,
                                                         const ProcessorContext& context,
                                                         base::Logger& log);
  // Runs what is queued, then joins. Callers that want less cancel their tasks first.
  ~WorkerPool();

  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Takes no more tasks, runs what is queued and waits for the workers to end: true when they have
  // within `patience`, after which destroying the pool does not wait. Workers that have been at
  // their task for `stuck_after` are not waited for.
  bool StopWithin(std::chrono::milliseconds patience,
                  std::chrono::milliseconds stuck_after = base::kForever);

  // Queues the task or fails at once: kOverloaded when `queue_depth` tasks wait
  // already (with `retry_after` by the drain estimate), kShuttingDown once the pool is stopped.
  // Never waits.
  base::Result<void> Submit(Task task);

  Counts counts() const;

  // How many workers have been at their task for `limit` or longer.
  int Stuck(std::chrono::milliseconds limit) const;

  // Lets the frames of their cameras go on without those that such workers are at.
  void PassOverStuck(std::chrono::milliseconds limit);

  int workers() const { return workers_; }

 private:
  WorkerPool(int workers, std::size_t queue_depth, const ProcessorContext& context,
             base::Logger& log)
      : workers_(workers),
        queue_depth_(queue_depth),
        heavy_(context.heavy),
        drain_(context.drain),
        clock_(context.clock),
        log_(log) {}
  void Work(Processor& processor, std::size_t number);
  bool MayTake(bool spare) const;
  void NoteWaiting();
  int CountStuck(std::chrono::milliseconds limit) const;

  const int workers_;
  const std::size_t queue_depth_;
  resources::HeavyLane* const heavy_;
  resources::DrainEstimate* const drain_;  // told under mutex_
  const base::Clock& clock_;
  base::Logger& log_;

  CameraTurns turns_;  // taken under mutex_, as tasks are

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::condition_variable ended_;
  std::condition_variable spare_needed_;
  std::deque<Task> queue_;       // guarded by mutex_; never longer than queue_depth_
  Counts counts_;                // guarded by mutex_; `queued` is derived from queue_
  std::size_t idling_ = 0;       // guarded by mutex_; workers that wait for the heavy lane
  std::size_t spares_busy_ = 0;  // guarded by mutex_
  bool stopping_ = false;        // guarded by mutex_; set once
  int running_ = 0;              // guarded by mutex_; threads that have not ended
  struct Busy {
    base::MonoTime since;
    std::uint64_t turn;
  };
  bool IsStuck(const std::optional<Busy>& busy, std::chrono::milliseconds limit) const {
    return busy && clock_.Now() - busy->since >= limit;
  }
  // The task that each worker is at, spare ones last. Guarded by mutex_; its size never changes.
  std::vector<std::optional<Busy>> busy_;

  std::vector<std::thread> threads_;  // written before Start returns only
};

}  // namespace sampleproc::process

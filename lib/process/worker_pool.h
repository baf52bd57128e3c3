// A fixed number of threads that work on frames, behind a bounded queue.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mutex.h"
#include "process/processor.h"

namespace sampleproc::process {

// What is known of a task before a worker has it.
struct TaskFacts {
  // Of the frame as it came: what its time is estimated by.
  std::size_t bytes = 0;

  // By when it must have ended to be of use. What cannot end by then, by the time that frames of
  // its size take and what waits before it, is not queued, and not begun: so that overload costs
  // those that are refused, and not all.
  base::Deadline deadline = {};

  // Whose frame it is, when that is known: then nobody waits to learn it. The inner one is absent
  // of a frame without a camera.
  std::optional<std::optional<std::string>> camera = {};

  // Called by a worker instead of the task when the task is not begun, with kOverloaded. Empty: it
  // is always begun.
  std::move_only_function<void(const base::Error&)> refuse = {};
};

// Thread-safe. Each worker owns one Processor; a task is run with the processor of the worker that
// took it, in the order of arrival. The turn that comes with it holds its place in that order; the
// task hands it on to Processor::Process, or lets it go.
//
// A worker whose frame waits for the heavy lane does nothing, so a spare one takes over its part of
// the queue meanwhile: small frames go on behind large ones. So it is with one whose frame waits
// for a network that runs one frame at a time; there the spare worker takes frames only whose
// camera's steps have no such network, so that these never wait for those. A camera's
// frames keep their order if each of them, or none, comes with its camera (TaskFacts::camera).
class WorkerPool {
 public:
  // Heavy frames that may wait at once, each with a spare worker for it: what a service's HeavyLane
  // is made with. As many as pictures of 20 megapixels are done within the default
  // process.heavy_patience, when each takes 0.6 s; slower ones are refused by the time they take.
  static constexpr std::size_t kSpareWorkers = 8;

  // What a door wants done on a worker. It must report its outcome itself; an exception out of it
  // is logged and the worker goes on.
  using Task = std::move_only_function<void(Processor&, CameraTurns::Turn)>;

  struct Counts {
    std::size_t queued = 0;  // tasks waiting
    std::size_t active = 0;  // tasks in work
  };

  // Starts `workers` threads (at least 1). Fails with kConfig when the pipeline cannot be made.
  // `context` and `log` must outlive the pool, which watches the context's heavy lane and
  // detectors, and tells its drain estimate.
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

  // Queues the task or fails at once: kOverloaded when `queue_depth` tasks wait already, when it
  // could not end by its deadline, or without memory (with `retry_after` by the drain estimate),
  // kShuttingDown once the pool is stopped. Never waits, never throws. With an idle worker no
  // estimate keeps a task out: that is how one that was wrong is found out.
  base::Result<void> Submit(Task task, TaskFacts facts = {}) noexcept;

  Counts counts() const;

  // How many workers have been at their task for `limit` or longer.
  int Stuck(std::chrono::milliseconds limit) const;

  // Lets the frames of their cameras go on without those that such workers are at.
  void PassOverStuck(std::chrono::milliseconds limit);

  int workers() const { return workers_; }
  resources::MemoryBudget& budget() const { return budget_; }  // the context's

 private:
  base::Result<void> Queue(Task task, TaskFacts facts);
  WorkerPool(int workers, std::size_t queue_depth, const ProcessorContext& context,
             std::shared_ptr<Detectors> detectors, base::Logger& log)
      : workers_(workers),
        queue_depth_(queue_depth),
        heavy_(context.heavy),
        detectors_(std::move(detectors)),
        directory_(context.directory),
        default_pipeline_(context.options.pipeline),
        drain_(context.drain),
        budget_(context.budget),
        clock_(context.clock),
        log_(log) {}
  struct Queued {
    Task task;
    TaskFacts facts;
    std::chrono::nanoseconds expected;  // as it was estimated when it came
    bool may_need_turn;                 // at a network
  };
  // A task that a worker is at.
  struct Busy {
    base::MonoTime since;
    std::uint64_t turn;
    std::chrono::nanoseconds expected;
  };
  class AtWork;

  void Work(Processor& processor, std::size_t number);
  void Run(Queued& next, const std::optional<base::Error>& refusal, Processor& processor,
           CameraTurns::Turn turn) EXCLUDES(mutex_);
  std::optional<base::Error> BeginTurn(const Queued& next, CameraTurns::Turn& turn)
      REQUIRES(mutex_);
  Queued TakeNext(const std::deque<Queued>::iterator& from) REQUIRES(mutex_);
  std::deque<Queued>::iterator Next(bool spare) REQUIRES(mutex_);
  std::size_t Replaceable() const REQUIRES(mutex_);
  bool MayNeedTurn(const TaskFacts& facts) const;
  bool CanEnd(const TaskFacts& facts, std::chrono::nanoseconds wait) const REQUIRES(mutex_);
  bool AnyIdle() const REQUIRES(mutex_);
  std::chrono::nanoseconds WaitNow() const REQUIRES(mutex_);
  std::unexpected<base::Error> Refusal(std::string message) const REQUIRES(mutex_);
  void NoteWaiting() REQUIRES(mutex_);
  int CountStuck(std::chrono::milliseconds limit) const REQUIRES(mutex_);
  bool IsStuck(const std::optional<Busy>& busy, std::chrono::milliseconds limit) const {
    return busy && clock_.Now() - busy->since >= limit;
  }

  const int workers_;
  const std::size_t queue_depth_;
  resources::HeavyLane* const heavy_;
  const std::shared_ptr<Detectors> detectors_;
  const cameras::Directory* const directory_;  // null: all have the default pipeline
  const std::vector<std::string>& default_pipeline_;
  resources::DrainEstimate* const drain_;  // told under mutex_
  resources::MemoryBudget& budget_;
  const base::Clock& clock_;
  base::Logger& log_;

  CameraTurns turns_;  // taken under mutex_, as tasks are

  mutable base::Mutex mutex_;
  base::CondVar arrived_;
  base::CondVar ended_;
  base::CondVar spare_needed_;
  std::deque<Queued> queue_ GUARDED_BY(mutex_);                 // never longer than queue_depth_
  std::chrono::nanoseconds queued_work_ GUARDED_BY(mutex_){0};  // sum of what queue_ expects
  std::size_t active_ GUARDED_BY(mutex_) = 0;                   // tasks in work
  std::size_t idling_ GUARDED_BY(mutex_) = 0;  // workers that wait for the heavy lane
  int await_networks_ GUARDED_BY(mutex_) = 0;  // workers that wait for a network
  std::size_t spares_busy_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;  // set once
  int running_ GUARDED_BY(mutex_) = 0;        // threads that have not ended
  // What each worker is at, spare ones last. Its size never changes once threads run.
  std::vector<std::optional<Busy>> busy_ GUARDED_BY(mutex_);

  std::vector<std::thread> threads_;  // written before Start returns only
};

}  // namespace sampleproc::process

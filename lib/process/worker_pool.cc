#include "process/worker_pool.h"

#include <algorithm>
#include <exception>
#include <new>
#include <string>
#include <utility>

#include "base/out_of_memory.h"

namespace sampleproc::process {

using std::chrono::nanoseconds;

base::Result<std::unique_ptr<WorkerPool>> WorkerPool::Start(int workers, int queue_depth,
                                                            const ProcessorContext& context,
                                                            base::Logger& log) {
  workers = std::max(workers, 1);
  const int spares = context.heavy == nullptr ? 0 : static_cast<int>(kSpareWorkers);
  ProcessorContext shared = context;
  if (shared.detectors == nullptr) {
    auto opened = Detectors::Open(context.options,
                                  context.directory == nullptr
                                      ? Detectors::Pipelines{context.options.pipeline}
                                      : context.directory->pipelines(),
                                  context.budget);
    if (!opened) return std::unexpected(opened.error());
    shared.detectors = std::move(*opened);
  }
  std::vector<Processor> processors;
  for (int i = 0; i < workers + spares; ++i) {
    auto processor = Processor::Make(shared);
    if (!processor) return std::unexpected(processor.error());
    processors.push_back(std::move(*processor));
  }
  std::unique_ptr<WorkerPool> pool(new WorkerPool(
      workers, static_cast<std::size_t>(std::max(queue_depth, 1)), context, shared.detectors, log));
  if (pool->heavy_ != nullptr) {
    pool->heavy_->Watch([pool = pool.get()](std::size_t waiting) {
      const base::MutexLock lock(pool->mutex_);
      pool->idling_ = waiting;
      pool->spare_needed_.NotifyAll();
    });
  }
  pool->detectors_->Watch([pool = pool.get()](int more) {
    const base::MutexLock lock(pool->mutex_);
    pool->await_networks_ += more;
    pool->spare_needed_.NotifyAll();
  });
  {
    const base::MutexLock lock(pool->mutex_);
    pool->busy_.resize(processors.size());
    pool->running_ = static_cast<int>(processors.size());
  }
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
  detectors_->Watch({});
}

bool WorkerPool::StopWithin(std::chrono::milliseconds patience,
                            std::chrono::milliseconds stuck_after) {
  const base::Deadline end(base::SystemClock(), std::min(patience, base::kForever));
  const base::MutexLock lock(mutex_);
  stopping_ = true;
  arrived_.NotifyAll();
  spare_needed_.NotifyAll();
  while (running_ != CountStuck(stuck_after) && !end.Expired()) ended_.WaitUntil(mutex_, end);
  return running_ == 0;
}

std::unexpected<base::Error> WorkerPool::Refusal(std::string message) const {
  auto refused = base::Fail(base::ErrorCode::kOverloaded, std::move(message));
  if (drain_ != nullptr) refused.error().retry_after = drain_->RetryAfter();
  return refused;
}

base::Result<void> WorkerPool::Submit(Task task, TaskFacts facts) noexcept {
  try {
    return Queue(std::move(task), std::move(facts));
  } catch (const std::exception&) {
    return base::OutOfMemory();
  }
}

// Of a frame whose camera is not known yet it is the default pipeline that counts.
bool WorkerPool::MayNeedTurn(const TaskFacts& facts) const {
  if (directory_ == nullptr) return detectors_->TakeTurns(default_pipeline_);
  const auto camera = directory_->Find(facts.camera.value_or(std::nullopt));
  return detectors_->TakeTurns(camera->settings().pipeline);
}

base::Result<void> WorkerPool::Queue(Task task, TaskFacts facts) {
  const bool may_need_turn = MayNeedTurn(facts);
  const base::MutexLock lock(mutex_);
  if (stopping_) return base::Fail(base::ErrorCode::kShuttingDown, "stopping");
  if (queue_.size() >= queue_depth_) {
    return Refusal("all workers are busy and " + std::to_string(queue_depth_) +
                   " frames wait already (process.queue_depth)");
  }
  const bool has_spare = !may_need_turn && spares_busy_ < Replaceable();
  if (!AnyIdle() && !has_spare && !CanEnd(facts, WaitNow())) {
    return Refusal(
        "all workers are busy, and what waits already takes them longer than this frame "
        "may (http.request_deadline)");
  }
  const nanoseconds expected = drain_ == nullptr ? nanoseconds(0) : drain_->Expected(facts.bytes);
  queue_.push_back({std::move(task), std::move(facts), expected, may_need_turn});
  queued_work_ += expected;
  NoteWaiting();
  if (Replaceable() > 0) spare_needed_.NotifyAll();
  arrived_.NotifyOne();
  return {};
}

bool WorkerPool::AnyIdle() const {
  return queue_.size() + active_ < static_cast<std::size_t>(workers_);
}

// How long a task that comes now waits for a worker.
nanoseconds WorkerPool::WaitNow() const {
  if (drain_ == nullptr) return nanoseconds(0);
  const base::MonoTime now = clock_.Now();
  nanoseconds in_work{0};
  for (const std::optional<Busy>& busy : busy_) {
    if (!busy) continue;
    in_work += std::max(busy->expected - nanoseconds(now - busy->since), nanoseconds(0));
  }
  return drain_->Wait(in_work);
}

bool WorkerPool::CanEnd(const TaskFacts& facts, nanoseconds wait) const {
  if (drain_ == nullptr || facts.deadline.Never()) return true;
  return clock_.Now() + wait + drain_->AtMost(facts.bytes) <= facts.deadline.At();
}

WorkerPool::Counts WorkerPool::counts() const {
  const base::MutexLock lock(mutex_);
  return {queue_.size(), active_};
}

int WorkerPool::Stuck(std::chrono::milliseconds limit) const {
  const base::MutexLock lock(mutex_);
  return CountStuck(limit);
}

int WorkerPool::CountStuck(std::chrono::milliseconds limit) const {
  return static_cast<int>(
      std::ranges::count_if(busy_, [&](const auto& busy) { return IsStuck(busy, limit); }));
}

void WorkerPool::PassOverStuck(std::chrono::milliseconds limit) {
  const base::MutexLock lock(mutex_);
  for (const std::optional<Busy>& busy : busy_) {
    if (IsStuck(busy, limit)) turns_.PassOver(busy->turn);
  }
}

// Workers that wait for others' frames.
std::size_t WorkerPool::Replaceable() const {
  return idling_ + static_cast<std::size_t>(std::max(await_networks_, 0));
}

// What a worker is to take: the task that came first, or what a spare one may take; the queue's end
// when there is nothing. A frame whose camera is not known yet may turn out to need a network: they
// never have all spare workers.
std::deque<WorkerPool::Queued>::iterator WorkerPool::Next(bool spare) {
  if (!spare || spares_busy_ < idling_ || stopping_) return queue_.begin();
  if (spares_busy_ >= Replaceable()) return queue_.end();
  const bool needs_camera = spares_busy_ >= kSpareWorkers / 2;
  return std::ranges::find_if(queue_, [needs_camera](const Queued& queued) {
    return !queued.may_need_turn && (queued.facts.camera || !needs_camera);
  });
}

void WorkerPool::NoteWaiting() {
  if (drain_ != nullptr) drain_->Waiting(queued_work_);
}

WorkerPool::Queued WorkerPool::TakeNext(const std::deque<Queued>::iterator& from) {
  Queued next = std::move(*from);
  queue_.erase(from);
  queued_work_ -= next.expected;
  NoteWaiting();
  return next;
}

// The task's turn, or why the task is not begun. The last one that waits is begun whatever the
// estimate says: nothing better is to be done, and the estimate learns from it.
std::optional<base::Error> WorkerPool::BeginTurn(const Queued& next, CameraTurns::Turn& turn) {
  try {
    if (next.facts.refuse && !queue_.empty() && !CanEnd(next.facts, nanoseconds(0))) {
      return Refusal("the frame waited for so long that it could not be done in time").error();
    }
    turn = turns_.Begin();
    if (next.facts.camera) turn.Declare(*next.facts.camera);
  } catch (const std::bad_alloc&) {
    return base::OutOfMemory().error();
  }
  return std::nullopt;
}

void WorkerPool::Run(Queued& next, const std::optional<base::Error>& refusal, Processor& processor,
                     CameraTurns::Turn turn) {
  try {
    if (refusal && next.facts.refuse) return next.facts.refuse(*refusal);
    next.task(processor, std::move(turn));
  } catch (const std::exception& bug) {
    log_.Error("a task threw", {{"error", bug.what()}});
  } catch (...) {
    log_.Error("a task threw what is no exception");
  }
}

// That a worker is at a task: counted as long as this lives. Made and destroyed under the pool's
// lock, which clang cannot follow through a reference.
class WorkerPool::AtWork {
 public:
  AtWork(WorkerPool& pool, std::size_t number, const Busy& busy)
      SAMPLEPROC_THREAD_ANNOTATION(no_thread_safety_analysis)
      : pool_(pool), number_(number) {
    ++pool_.active_;
    if (spare()) ++pool_.spares_busy_;
    pool_.busy_[number_] = busy;
  }
  ~AtWork() SAMPLEPROC_THREAD_ANNOTATION(no_thread_safety_analysis) {
    pool_.busy_[number_].reset();
    --pool_.active_;
    if (spare()) --pool_.spares_busy_;
  }
  AtWork(const AtWork&) = delete;
  AtWork& operator=(const AtWork&) = delete;

 private:
  bool spare() const { return number_ >= static_cast<std::size_t>(pool_.workers_); }

  WorkerPool& pool_;
  const std::size_t number_;
};

void WorkerPool::Work(Processor& processor, std::size_t number) {
  const bool spare = number >= static_cast<std::size_t>(workers_);
  base::MutexLock lock(mutex_);
  for (;;) {
    while (!stopping_ && Next(spare) == queue_.end()) {
      (spare ? spare_needed_ : arrived_).Wait(mutex_);
    }
    if (queue_.empty()) break;
    Queued next = TakeNext(Next(spare));
    CameraTurns::Turn turn;
    const auto refusal = BeginTurn(next, turn);
    const base::MonoTime since = clock_.Now();
    const AtWork at_work(*this, number, {since, turn.number(), next.expected});
    lock.Unlock();
    Run(next, refusal, processor, std::move(turn));
    const std::size_t bytes = next.facts.bytes;
    next = {};  // what it holds is given back before the count says so
    lock.Lock();
    if (drain_ != nullptr && !refusal) drain_->Finished(bytes, clock_.Now() - since);
  }
  --running_;
  ended_.NotifyAll();
}

}  // namespace sampleproc::process

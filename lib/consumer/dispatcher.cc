#include "consumer/dispatcher.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "consumer/frame_log.h"

namespace sampleproc::consumer {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// With no worker left nothing is to come but what the source has to say of those that were
// returned.
constexpr milliseconds kLastSettlements{1'000};

// Of the memory budget, for the entries of heavy frames that wait for others.
constexpr std::size_t kHeavyShare = 8;

constexpr milliseconds kLookForOld{50};
constexpr milliseconds kLookForAges{500};

}  // namespace

Dispatcher::Dispatcher(const DispatcherContext& context, const DispatcherOptions& options)
    : context_(context),
      options_(options.consumer),
      process_(options.process),
      clock_(context.work.clock),
      pull_room_(options.consumer, options.process, context.workers.count()),
      outcomes_(
          context.source, context.sinks, context.ledger, context.log, [this] { Settled(); },
          context.traces),
      waiting_(options.consumer.policy, context.budget.capacity() / kHeavyShare),
      hosts_(static_cast<std::size_t>(options.consumer.fetches)),
      host_conditions_(context.conditions),
      missing_(context.conditions),
      dropped_(context.conditions) {
  context_.source.OnParked([this] {
    const base::MutexLock lock(mutex_);
    changed_.NotifyAll();
  });
}

Dispatcher::~Dispatcher() { Stop(); }

void Dispatcher::Stop() {
  const base::MutexLock lock(mutex_);
  stopped_ = true;
  changed_.NotifyAll();
}

void Dispatcher::Settled() noexcept {
  const base::MutexLock lock(mutex_);
  --held_;
  changed_.NotifyAll();
}

std::uint64_t Dispatcher::held() const {
  const base::MutexLock lock(mutex_);
  return held_;
}

void Dispatcher::Tick() {
  Endings endings;
  {
    const base::MutexLock lock(mutex_);
    asked_for_.reset();
    Move(endings);
  }
  GoOut(std::move(endings));
}

// Everything that can move moves. What throws on the way costs time: the next event or tick tries
// again.
void Dispatcher::Move(Endings& endings) noexcept {
  if (stopped_) return;
  const base::MonoTime now = clock_.Now();
  try {
    LookAround(now, endings);
    StartVisits(now, endings);
    StartFetches(now, endings);
  } catch (const std::exception& error) {
    not_before_ = now + kLookForAges;
    context_.log.Error("frames could not be moved", {{"error", std::string_view(error.what())}});
  }
  AskForTick(now);
  changed_.NotifyAll();
}

void Dispatcher::StartVisits(base::MonoTime now, Endings& endings) {
  while (!without_workers_ && now >= not_before_ && handed_.size() < pull_room_.hand_limit()) {
    const bool ahead = handed_.size() >= static_cast<std::size_t>(context_.workers.count());
    const HeldPtr next = waiting_.NextReady(now, ahead);
    if (!next || !suspects_.MayBegin(*next, handed_.size(), now)) return;
    if (!StartVisit(next, now, endings)) return;
  }
}

void Dispatcher::LookAround(base::MonoTime now, Endings& endings) {
  if (now < next_look_) return;
  const bool may_be_old = waiting_.droppable() > 0;
  next_look_ = now + (may_be_old ? kLookForOld : kLookForAges);
  if (may_be_old) {
    HeldList old;
    waiting_.ForEach([&](const HeldPtr& held, bool) {
      if (TooOld(*held)) old.Push(held);
    });
    while (const HeldPtr held = old.Pop()) End(held, Ending::kDropped, kTooOld, endings);
  }
  BoundWaitingForHosts(endings);
  ForgetHosts(now);
  host_conditions_.Look(now);
  missing_.Look(now);
  dropped_.Look(now);
}

void Dispatcher::ForgetHosts(base::MonoTime now) {
  if (!hosts_.AnyFailing()) return;
  PixelHosts* const hosts = &hosts_;
  waiting_.ForEach([&](const HeldPtr& held, bool) {
    if (const PixelPlace* const place = held->PlaceToAsk()) hosts->Wanted(place->host, now);
  });
  while (const auto host = hosts_.ForgetUnwanted(now)) {
    host_conditions_.Forget(*host);
  }
}

void Dispatcher::AskForTick(base::MonoTime now) {
  std::optional<base::MonoTime> next;
  const auto also = [&next, now](const std::optional<base::MonoTime>& when) {
    if (when && *when > now && (!next || *when < *next)) next = when;
  };
  if (const auto next_try = hosts_.NextTry(now)) {
    also(next_try);
    also(next_look_);
  }
  if (!dropped_.empty() || !host_conditions_.idle() || !missing_.idle()) also(next_look_);
  if (waiting_.size() > 0) {
    also(next_cut_);
    also(next_look_);
    also(suspects_.end());
    also(not_before_);
    also(one_by_one_until_);
    if (pause_end_ && *pause_end_ <= now) {
      pause_end_.reset();
      std::optional<base::MonoTime> first;
      waiting_.ForEach([&](const HeldPtr& held, bool) {
        if (held->not_before <= now) return;
        first = first ? std::min(*first, held->not_before) : held->not_before;
      });
      pause_end_ = first;
    }
    also(pause_end_);
  }
  if (!next || (asked_for_ && *asked_for_ <= *next)) return;
  asked_for_ = next;
  context_.wakeups.At(*next);
}

bool Dispatcher::TooOld(const HeldFrame& held) const {
  return held.max_age > milliseconds(0) && clock_.Wall() - held.taken > held.max_age;
}

void Dispatcher::BeginDrain() {
  Endings endings;
  {
    const base::MutexLock lock(mutex_);
    draining_ = true;
    if (outcomes_.TakesBack()) {
      while (const HeldPtr held = waiting_.Any()) End(held, Ending::kReturned, {}, endings);
    }
    Move(endings);
  }
  GoOut(std::move(endings));
}

std::uint64_t Dispatcher::Drain(const base::Deadline& end) {
  BeginDrain();
  const base::MutexLock lock(mutex_);
  base::Deadline patience = end;
  if (without_workers_) {
    patience = base::Deadline::Earlier(end, base::Deadline(clock_, kLastSettlements));
  }
  while (held_ > 0 && !patience.Expired()) changed_.WaitUntil(mutex_, patience);
  return held_;
}

void Dispatcher::Cancel() {
  Endings endings;
  {
    const base::MutexLock lock(mutex_);
    cancelled_ = true;
    while (const HeldPtr held = waiting_.Any()) End(held, Ending::kReturned, {}, endings);
    changed_.NotifyAll();
  }
  for (HeldPtr held = NextHanded(0); held; held = NextHanded(held->number)) held->cancel.Cancel();
  GoOut(std::move(endings));
}

// The first that was pulled after that number; null when there is none.
HeldPtr Dispatcher::NextHanded(std::uint64_t after) const {
  const base::MutexLock lock(mutex_);
  const auto next = handed_.upper_bound(after);
  return next == handed_.end() ? nullptr : next->second;
}

// Frames that are given up stay as they are: a worker may be at them, or come to them yet, and so
// does the memory that they take.
// It had the CPU for less than half of its time in work: whose fault it is that it is late, nobody
// knows. By the thread that worked on it.
bool Dispatcher::WasStarved(const HeldFrame& held) const {
  if (context_.worker_cpu == nullptr) return false;
  return 2 * (context_.worker_cpu->Now() - held.cpu_since) < clock_.Now() - held.since;
}

void Dispatcher::GiveUpStuck(milliseconds limit) {
  const bool nobody_left = context_.workers.Stuck(limit) >= context_.workers.count();
  Endings endings;
  {
    const base::MutexLock lock(mutex_);
    without_workers_ = nobody_left;
    const base::MonoTime now = clock_.Now();
    for (auto next = handed_.begin(); next != handed_.end();) {
      const HeldPtr held = (next++)->second;  // its end takes it out
      held->left_with_worker = true;
      if (held->state == FrameState::kInWork && now - held->since >= limit) {
        FrameLog(*held, context_.log)
            .Error("a worker does not come back from this frame: it is given up",
                   {{"deliveries", std::int64_t{held->delivery.deliveries}}});
        CountStuck(*held);
        End(held, Ending::kDead, "stuck", endings);
      } else if (held->state == FrameState::kQueued && nobody_left && outcomes_.TakesBack()) {
        End(held, Ending::kReturned, {}, endings);
      } else {
        held->left_with_worker = false;
      }
    }
    Move(endings);
  }
  GoOut(std::move(endings));
}

void Dispatcher::CountStuck(const HeldFrame& held) noexcept {
  try {
    context_.work.metrics.FrameFailed(context_.work.door, held.camera_id(),
                                      {base::ErrorCode::kDeadline, "stuck", {}, {}});
  } catch (const std::exception&) {  // no memory for a metric
  }
}

// What the workers have and have not begun waits as well: it may come back, and be no younger.
nanoseconds Dispatcher::OldestAge() const {
  const base::MutexLock lock(mutex_);
  std::optional<base::WallTime> oldest = waiting_.Oldest();
  for (const auto& [number, held] : handed_) {
    if (held->state != FrameState::kQueued) continue;
    oldest = oldest ? std::min(*oldest, held->taken) : held->taken;
  }
  if (!oldest) return nanoseconds(0);
  return std::max(nanoseconds(0), nanoseconds(clock_.Wall() - *oldest));
}

}  // namespace sampleproc::consumer

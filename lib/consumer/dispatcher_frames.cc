// What happens to one frame: its fetch, its visit to a worker, its failures and its end.
#include <algorithm>
#include <utility>

#include "consumer/dispatcher.h"
#include "consumer/frame_log.h"
#include "consumer/pixels/entry_pixels.h"
#include "consumer/verdict.h"
#include "frame/result_json.h"

namespace sampleproc::consumer {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;

constexpr milliseconds kPauseAfterRefusal{20};
constexpr milliseconds kShortestPause{20};
constexpr milliseconds kLongestPause{1'000};
// How long nothing is fetched ahead after there was no memory for pixels.
constexpr milliseconds kOneByOne{1'000};
// Deadlines that a frame may miss for want of CPU time, or it would hold its camera for ever.
constexpr int kMostStarved = 10;
// A frame that has failed so often by no fault of its own is told of.
constexpr int kOften = 20;

// After so many failures in a row, the first being 1.
milliseconds PauseAfter(int failures) {
  return std::min(kLongestPause, kShortestPause * (1 << std::min(failures - 1, 10)));
}

milliseconds FetchTime(const Options& options, const process::Options& process) {
  if (process.deadline <= milliseconds(0)) return options.fetch_timeout;
  return std::min(options.fetch_timeout, process.deadline);
}

void EndFetch(HeldFrame& held, const base::Error* error,
              const process::WorkContext& work) noexcept {
  if (error != nullptr) held.fetch.Fail(*error);
  held.fetch.End();
  if (held.state != FrameState::kFetching) return;
  work.metrics.StageEnded("fetch", work.clock.Now() - held.since);
  held.work->EnterQueue();
}

std::string Seconds(milliseconds time) {
  const auto tenths = (time.count() + 99) / 100;
  return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10) + " s";
}

}  // namespace

void Dispatcher::SetState(HeldFrame& held, FrameState state) {
  held.state = state;
  held.since = clock_.Now();
}

void Dispatcher::StartFetch(const HeldPtr& held, base::MonoTime now) {
  const PixelPlace& place = *held->PlaceToAsk();
  held->work->LeaveQueue();
  held->fetch = FetchSpan(place, held->work->allowance().trace);
  const base::Allowance allowance{.deadline = base::Deadline(clock_, FetchTime(options_, process_)),
                                  .cancel = held->cancel,
                                  .trace = held->fetch.parent()};
  hosts_.Began(place.host, now);
  SetState(*held, FrameState::kFetching);
  try {
    context_.fetchers.Start(place, allowance,
                            [this, held, host = place.host](base::Result<FetchedPixels> pixels) {
                              Fetched(held, host, std::move(pixels));
                            });
  } catch (...) {
    hosts_.GaveUp(place.host);
    EndFetch(*held, nullptr, context_.work);
    SetState(*held, FrameState::kWaiting);
    held->not_before = now + kLongestPause;
    throw;
  }
}

void Dispatcher::Fetched(const HeldPtr& held, const std::string& host,
                         base::Result<FetchedPixels> pixels) noexcept {
  Endings endings;
  {
    const base::MutexLock lock(mutex_);
    if (stopped_) return;
    EndFetch(*held, pixels ? nullptr : &pixels.error(), context_.work);
    try {
      if (!pixels) {
        FetchFailed(held, host, pixels.error(), endings);
      } else {
        HostAnswered(host, *held);
        if (held->state == FrameState::kFetching) {
          held->fetched = std::move(pixels->bytes);
          held->reservation = std::move(pixels->reservation);
          held->frame = FrameOf(held->delivery.entry, held->fetched);
          held->passing_failures = 0;
          SetState(*held, FrameState::kReady);
        }
      }
    } catch (const std::exception& error) {
      GiveUp(held, error, endings);
    }
    Move(endings);
  }
  GoOut(std::move(endings));
}

void Dispatcher::HostAnswered(const std::string& host, const HeldFrame& held) {
  const base::MonoTime now = clock_.Now();
  // Of a fetch that its frame no longer waits for it is not known when it began.
  const auto took =
      held.state == FrameState::kFetching ? now - held.since : base::MonoTime::duration{};
  if (!hosts_.Succeeded(host, now, took)) return;
  context_.conditions.Clear(telemetry::condition::kPixelHost, host);
}

void Dispatcher::FetchFailed(const HeldPtr& held, const std::string& host, const base::Error& error,
                             Endings& endings) {
  const bool wanted = held->state == FrameState::kFetching;
  switch (VerdictOf(error.code)) {
    case Verdict::kNoPixels:
      HostAnswered(host, *held);
      if (!wanted) return;
      ++held->next_place;
      held->host_failures = 0;
      SetState(*held, FrameState::kWaiting);
      if (held->PlaceToAsk() == nullptr) return EndWithoutPixels(held, endings);
      if (SuspectGoesBack(*held)) return End(held, Ending::kReturned, kPixelHost, endings);
      return BoundWaitingForHosts(endings);
    case Verdict::kFrameFault:
      HostAnswered(host, *held);
      if (wanted) Die(held, error, endings);
      return;
    case Verdict::kReturned:
      hosts_.GaveUp(host);
      if (wanted) End(held, Ending::kReturned, {}, endings);
      return;
    case Verdict::kTransient:
    case Verdict::kDoubtful:
      break;
  }
  if (error.code != ErrorCode::kOverloaded && error.code != ErrorCode::kInternal) {
    return HostFailed(held, host, error, endings);
  }
  // Nothing was wrong with the host.
  hosts_.GaveUp(host);
  if (!wanted) return;
  if (error.code == ErrorCode::kInternal && LosesLife(*held)) return Die(held, error, endings);
  SetState(*held, FrameState::kWaiting);
  Pause(*held, PauseAfter(++held->passing_failures));
  one_by_one_until_ = clock_.Now() + kOneByOne;
  DropFetchedAhead();
}

// An ACL of Redis may permit some keys and not others: frames of such a key wait as if for a host
// of its own. One that is refused again, while others got theirs, is dead. False: the host has
// failed.
bool Dispatcher::KeyRefused(const HeldPtr& held, const std::string& host, const base::Error& error,
                            Endings& endings) {
  constexpr std::string_view kOfKey = " (keys that its ACL does not permit)";
  if (held->state != FrameState::kFetching || error.code != ErrorCode::kUnauthorized) return false;
  PixelPlace& place = held->places[held->next_place];
  if (place.kind != PixelPlace::Kind::kRedisKey) return false;
  if (!host.ends_with(kOfKey)) {
    hosts_.GaveUp(host);
    held->host_score = hosts_.ScoreOf(host);
    held->host_failures = 1;
    place.host += kOfKey;
    SetState(*held, FrameState::kWaiting);
    if (SuspectGoesBack(*held)) {
      End(held, Ending::kReturned, kPixelHost, endings);
    } else {
      BoundWaitingForHosts(endings);
    }
    return true;
  }
  const std::string redis = host.substr(0, host.size() - kOfKey.size());
  if (hosts_.ScoreOf(redis).successes <= held->host_score.successes) return false;
  hosts_.GaveUp(host);
  Die(held, error, endings);
  return true;
}

// A host that is away is no fault of the frame. One that hands out others, and this one never, is
// not away.
void Dispatcher::HostFailed(const HeldPtr& held, const std::string& host, const base::Error& error,
                            Endings& endings) {
  if (KeyRefused(held, host, error, endings)) return;
  if (held->host_failures++ == 0) held->host_score = hosts_.ScoreOf(host);
  const milliseconds pause = hosts_.Failed(host, clock_.Now());
  if (pause > milliseconds(0)) {
    context_.conditions.Raise(telemetry::condition::kPixelHost, host,
                              "no pixels from " + host + " (" + error.message +
                                  "): its frames wait, next try in " + Seconds(pause));
  }
  if (held->state != FrameState::kFetching) return;
  if (hosts_.IsFramesFault(host, held->host_score, held->host_failures)) {
    return Die(held, error, endings);
  }
  SetState(*held, FrameState::kWaiting);
  if (SuspectGoesBack(*held)) return End(held, Ending::kReturned, kPixelHost, endings);
  // No longer than the host's, which is what was told. This one may be the culprit: others, which
  // have failed there less often, go first.
  Pause(*held, pause > milliseconds(0) ? pause : PauseAfter(++held->passing_failures));
  BoundWaitingForHosts(endings);
}

bool Dispatcher::StartVisit(const HeldPtr& held, base::MonoTime now, Endings& endings) {
  handed_.emplace(held->number, held);
  SetState(*held, FrameState::kQueued);
  base::Result<void> submitted;
  try {
    submitted = context_.workers.Submit({.begin = [this, held] { return BeginVisit(held); },
                                         .end =
                                             [this, held](base::Result<frame::FrameResult> result) {
                                               EndVisit(held, std::move(result));
                                             }});
  } catch (...) {
    handed_.erase(held->number);
    SetState(*held, FrameState::kReady);
    throw;
  }
  if (submitted) {
    waiting_.Remove(*held, true);
    suspects_.Begun(*held, now);
    return true;
  }
  handed_.erase(held->number);
  SetState(*held, FrameState::kReady);
  not_before_ = now + kPauseAfterRefusal;
  if (submitted.error().code == ErrorCode::kShuttingDown) {
    End(held, Ending::kReturned, {}, endings);
  }
  return false;
}

std::optional<Visit::Assignment> Dispatcher::BeginVisit(const HeldPtr& held) noexcept {
  Endings endings;
  std::optional<Visit::Assignment> assignment;
  {
    const base::MutexLock lock(mutex_);
    if (stopped_ || held->state != FrameState::kQueued) return std::nullopt;
    try {
      if (TooOld(*held)) {
        End(held, Ending::kDropped, kTooOld, endings);
      } else if (const auto begun = held->work->Begin(); !begun) {
        End(held, Ending::kReturned, {}, endings);  // cancelled: it has no other limit yet
      } else {
        held->worked_on = true;
        held->frame->camera = held->camera;
        SetState(*held, FrameState::kInWork);
        if (context_.worker_cpu != nullptr) held->cpu_since = context_.worker_cpu->Now();
        assignment.emplace(Visit::Assignment{*held->frame, held->work->allowance()});
      }
    } catch (const std::exception& error) {
      GiveUp(held, error, endings);
    }
    if (!endings.empty()) Move(endings);
  }
  GoOut(std::move(endings));
  return assignment;
}

void Dispatcher::EndVisit(const HeldPtr& held, base::Result<frame::FrameResult> result) noexcept {
  Endings endings;
  std::exception_ptr thrown;
  std::string record;
  try {
    if (result) {
      result->times.queued = held->work->queued();
      const process::FrameWork::Encoding encoding(*held->work);
      record = Record(*held, *result);
    }
  } catch (const std::exception&) {
    thrown = std::current_exception();
  }
  {
    const base::MutexLock lock(mutex_);
    if (stopped_ || held->state != FrameState::kInWork) return;  // given up meanwhile
    const base::MonoTime now = clock_.Now();
    goodput_.Finished(now, now - held->since, waiting_.size() > 0);
    try {
      if (thrown) std::rethrow_exception(thrown);
      if (result) {
        held->work->Completed(*result);
        held->part->Succeeded();
        held->record = std::move(record);
        End(held, Ending::kDone, {}, endings);
      } else {
        Failed(held, result.error(), endings);
      }
    } catch (const std::exception& error) {
      GiveUp(held, error, endings);
    }
    Move(endings);
  }
  GoOut(std::move(endings));
}

std::string Dispatcher::Record(const HeldFrame& held, const frame::FrameResult& result) const {
  const auto& timestamp = held.delivery.entry.timestamp;
  std::string record;
  frame::AppendMessageJson({.processor_id = options_.processor_id, .timestamp = timestamp}, result,
                           {.simulated_gpu = process_.simulate_gpu}, record);
  return record;
}

// In work.
void Dispatcher::Failed(const HeldPtr& held, const base::Error& error, Endings& endings) {
  switch (VerdictOf(error.code)) {
    case Verdict::kTransient:
      return TryAgain(held, error, endings);
    case Verdict::kDoubtful:
      if (error.code == ErrorCode::kDeadline && WasStarved(*held) && held->starved < kMostStarved) {
        ++held->starved;
        return TryAgain(held, error, endings);
      }
      return LosesLife(*held) ? Die(held, error, endings) : TryAgain(held, error, endings);
    case Verdict::kNoPixels:
      return EndWithoutPixels(held, endings);
    case Verdict::kReturned:
      CountFailure(*held, error);
      return End(held, Ending::kReturned, {}, endings);
    case Verdict::kFrameFault:
      return Die(held, error, endings);
  }
}

// True: it was the last one.
bool Dispatcher::LosesLife(HeldFrame& held) const {
  return held.lives_used++ >= options_.max_retries;
}

void Dispatcher::TryAgain(const HeldPtr& held, const base::Error& error, Endings& endings) {
  if (draining_ && outcomes_.TakesBack()) return End(held, Ending::kReturned, {}, endings);
  if (++held->passing_failures == kOften) {
    FrameLog(*held, context_.log)
        .Warning("a pulled frame waits: what it needs is not to be had",
                 {{"error_type", base::ErrorCodeName(error.code)},
                  {"error", std::string_view(error.message)}});
  }
  const HeldPtr obsolete = waiting_.PutBack(held);
  TakeBack(*held);
  held->work->TryAgain({.cancel = held->cancel});
  SetState(*held, FrameState::kReady);
  Pause(*held, PauseAfter(held->passing_failures));
  if (obsolete) End(obsolete, Ending::kDropped, "newer_frame", endings);
}

void Dispatcher::Pause(HeldFrame& held, milliseconds time) {
  held.not_before = clock_.Now() + time;
  pause_end_ = pause_end_ ? std::min(*pause_end_, held.not_before) : held.not_before;
}

void Dispatcher::CountFailure(HeldFrame& held, const base::Error& error) {
  if (held.worked_on) {
    held.work->Failed(error);
  } else if (held.work) {
    held.work->Refused(error);
  }
}

// Thousands that end alike are told as such by their count; the first ones show why.
base::LogLevel Dispatcher::LevelOfDeath() {
  return few_deaths_.Next(clock_.Now()) ? base::LogLevel::kWarning : base::LogLevel::kDebug;
}

void Dispatcher::Die(const HeldPtr& held, const base::Error& error, Endings& endings) {
  CountFailure(*held, error);
  LogDeath(*held, LevelOfDeath(), error, context_.log);
  End(held, Ending::kDead, base::ErrorCodeName(error.code), endings);
}

void Dispatcher::EndWithoutPixels(const HeldPtr& held, Endings& endings) {
  CountFailure(*held, base::Fail(ErrorCode::kNotFound, "the frame came without pixels").error());
  LogWithoutPixels(*held, LevelOfDeath(), context_.log);
  const bool dead = options_.no_pixels == NoPixels::kDead;
  End(held, dead ? Ending::kDead : Ending::kDropped, "no_pixels", endings);
}

// The opposite of StartVisit.
void Dispatcher::TakeBack(const HeldFrame& held) {
  if (handed_.erase(held.number) == 0) return;
  suspects_.Ended(held);
  const bool worked = held.state == FrameState::kInWork;
  waiting_.CameBack(held, worked ? clock_.Now() - held.since : milliseconds(0));
}

// `reason` is of static lifetime; "" of what is done.
void Dispatcher::End(const HeldPtr& held, Ending ending, std::string_view reason,
                     Endings& endings) noexcept {
  if (held->state == FrameState::kEnding) return;
  if (ending == Ending::kReturned && !context_.source.HandsOutAgain(held->delivery)) {
    ending = Ending::kDropped;
    reason = kStopped;
  }
  held->ending = ending;
  held->ending_reason = reason;
  waiting_.Remove(*held, false);
  TakeBack(*held);
  SetState(*held, FrameState::kEnding);
  endings.Push(held);
}

// Without the lock: memory is given back and the source is told.
void Dispatcher::GoOut(Endings endings) noexcept {
  while (const HeldPtr ended = endings.Pop()) {
    HeldFrame& held = *ended;
    held.cancel.Cancel();
    if (held.ending == Ending::kDropped && held.work && !held.left_with_worker) {
      held.work->Dropped(held.ending_reason);
    }
    if (!held.left_with_worker) {
      held.work.reset();
      held.frame.reset();
      held.fetched = {};
      held.delivery.entry.frame_data = {};
      held.reservation.Release();
    }
    held.part.reset();
    {
      const base::MutexLock lock(mutex_);
      if (std::exchange(held.without_memory, false)) --without_memory_;
    }
    outcomes_.End(held.place,
                  {.ticket = held.delivery.ticket,
                   .ending = held.ending,
                   .frame_id = std::move(held.delivery.entry.frame_id),
                   .record = std::move(held.record),
                   .reason = held.ending_reason,
                   .worked_on = held.worked_on,
                   .traceparent = std::move(held.traceparent),
                   .spooled = held.delivery.spooled},
                  std::move(held.span));
  }
}

// Something threw on the frame's way: it costs this frame and no other.
void Dispatcher::GiveUp(const HeldPtr& held, const std::exception& why, Endings& endings) noexcept {
  if (held->state == FrameState::kEnding) return;
  FrameLog(*held, context_.log)
      .Error("a frame was given up, because something failed unexpectedly",
             {{"error", std::string_view(why.what())}});
  const Outcomes::Fate fate = outcomes_.GivenUp();
  End(held, fate.ending, fate.reason, endings);
}

}  // namespace sampleproc::consumer

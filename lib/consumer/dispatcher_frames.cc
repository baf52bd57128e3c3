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
// Deadlines that a frame may miss for want of CPU time, or it would hold its camera for ever.
constexpr int kMostStarved = 10;
// A frame that has failed so often by no fault of its own is told of.
constexpr int kOften = 20;
constexpr std::size_t kSubjectBytes = 200;

}  // namespace

milliseconds Dispatcher::PauseAfter(int failures) {
  return std::min(kLongestPause, kShortestPause * (1 << std::min(failures - 1, 10)));
}

void Dispatcher::SetState(HeldFrame& held, FrameState state) {
  held.state = state;
  held.since = clock_.Now();
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
        held->heavy =
            std::uint64_t(result->width) * std::uint64_t(result->height) > process_.heavy_pixels;
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
  if (obsolete) End(obsolete, Ending::kDropped, kNewerFrame, endings);
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
  } else {
    context_.work.metrics.FrameFailed(context_.work.door, held.camera_id(), error);
  }
}

// Thousands that end alike are told as such by their count; the first ones of each camera and
// reason show why.
base::LogLevel Dispatcher::LevelOfDeath(const HeldFrame& held, ErrorCode code) {
  // An entry may say anything, at any length.
  const std::string subject =
      std::string(base::ErrorCodeName(code)) + ' ' + held.camera_id().substr(0, kSubjectBytes);
  return few_deaths_.Next(subject, clock_.Now()) ? base::LogLevel::kWarning
                                                 : base::LogLevel::kDebug;
}

void Dispatcher::Die(const HeldPtr& held, const base::Error& error, Endings& endings) {
  CountFailure(*held, error);
  LogDeath(*held, LevelOfDeath(*held, error.code), error, context_.log);
  End(held, Ending::kDead, base::ErrorCodeName(error.code), endings);
}

void Dispatcher::EndWithoutPixels(const HeldPtr& held, Endings& endings) {
  CountFailure(*held, base::Fail(ErrorCode::kNotFound, "the frame came without pixels").error());
  LogWithoutPixels(*held, LevelOfDeath(*held, ErrorCode::kNotFound), context_.log);
  const bool dead = options_.no_pixels == NoPixels::kDead;
  End(held, dead ? Ending::kDead : Ending::kDropped, kNoPixels, endings);
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
  CountDrop(*held, reason);
  waiting_.Remove(*held, false);
  TakeBack(*held);
  SetState(*held, FrameState::kEnding);
  endings.Push(held);
}

// What is returned says nothing of its camera.
void Dispatcher::CountDrop(const HeldFrame& held, std::string_view reason) noexcept {
  const auto& camera = held.delivery.entry.camera_id;
  if (held.ending == Ending::kReturned) return;
  const base::MonoTime now = clock_.Now();
  if (reason == kNoPixels) {
    missing_.Missing(held.delivery.entry, held.places, now);
    // What most of the frames lack is told once, not of each camera.
    if (missing_.told()) return dropped_.Kept(camera);
    return dropped_.Dropped(camera, DroppedFor::kNoPixels, WaitedFor::kPixels, now);
  }
  if (held.frame) missing_.Had(now);
  if (held.ending == Ending::kDead) return dropped_.Failed(camera, reason, now);
  if (reason != kTooOld && reason != kNewerFrame) return dropped_.Kept(camera);
  const bool came = held.turn > 0;  // into the waiting room
  const WaitedFor waited = !came                          ? WaitedFor::kNothing
                           : held.PlaceToAsk() != nullptr ? WaitedFor::kPixels
                                                          : WaitedFor::kWorker;
  dropped_.Dropped(camera, reason == kTooOld ? DroppedFor::kAge : DroppedFor::kNewer, waited, now);
}

// Without the lock: fetches are cut short, memory is given back and the source is told.
void Dispatcher::GoOut(Endings endings) noexcept {
  std::optional<base::CancelFlag> to_cut;
  {
    const base::MutexLock lock(mutex_);
    to_cut.swap(to_cut_);
  }
  if (to_cut) to_cut->Cancel();
  while (const HeldPtr ended = endings.Pop()) {
    HeldFrame& held = *ended;
    held.cancel.Cancel();
    held.fetch_cancel.Cancel();
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
                   .tracestate = std::move(held.delivery.entry.tracestate),
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

// How the pixels of frames are fetched: which are asked for now, and what their hosts answer.
#include <algorithm>
#include <utility>

#include "consumer/dispatcher.h"
#include "consumer/pixels/entry_pixels.h"
#include "consumer/verdict.h"

namespace sampleproc::consumer {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;

// Frames of one camera whose pixels are fetched while its first one waits.
constexpr std::size_t kFetchAhead = 4;
// How long nothing is fetched ahead after there was no memory for pixels.
constexpr milliseconds kOneByOne{1'000};

milliseconds FetchTime(const Options& options, const process::Options& process) {
  if (process.deadline <= milliseconds(0)) return options.fetch_timeout;
  return std::min(options.fetch_timeout, process.deadline);
}

// A trace with a failure is kept whatever the sampler says: a place that has no pixels while
// another is still to be asked, and a fetch that its frame no longer needs, are none.
bool HasFailed(const HeldFrame& held, const base::Error& error) {
  switch (VerdictOf(error.code)) {
    case Verdict::kNoPixels:
      return held.next_place + 1 >= held.places.size();
    case Verdict::kReturned:
      return false;
    default:
      return true;
  }
}

void EndFetch(HeldFrame& held, const base::Error* error,
              const process::WorkContext& work) noexcept {
  if (error != nullptr && HasFailed(held, *error)) {
    held.fetch.Fail(*error);
  } else if (error != nullptr) {
    held.fetch.Set("sampleproc.outcome", base::ErrorCodeName(error->code));
  }
  held.fetch.End();
  if (held.state != FrameState::kFetching) return;
  work.metrics.StageEnded("fetch", work.clock.Now() - held.since);
  held.work->EnterQueue();
}

constexpr WaitingRoom::Permit kNotNow{WaitingRoom::Asking::kNo};

WaitingRoom::Permit PermitFor(const PixelHosts& hosts, const std::string& host) {
  using Asking = WaitingRoom::Asking;
  return {hosts.IsFailing(host) ? Asking::kTrial : Asking::kYes, hosts.Level(host)};
}

// What Redis is called for frames whose keys it does not permit.
constexpr std::string_view kOfKeys = " (keys that its ACL does not permit)";

std::string Seconds(milliseconds time) {
  const auto tenths = (time.count() + 99) / 100;
  return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10) + " s";
}

}  // namespace

// It will be too old when its pixels are here, and a later one of its camera may not be.
bool Dispatcher::TooLateFor(const HeldFrame& held, const std::string& host) const {
  if (held.max_age <= milliseconds(0) || held.suspect() || !waiting_.HasLater(held)) return false;
  return clock_.Wall() - held.taken + hosts_.Usual(host) > held.max_age;
}

void Dispatcher::StartFetches(base::MonoTime now, Endings& endings) {
  const PixelHosts* const hosts = &hosts_;
  const auto asking = [&](const PixelPlace& place) {
    const std::string& host = place.behind.empty() ? place.host : place.behind;
    const bool may =
        hosts->MayAsk(place.host, now) && hosts->HasShareLeft(host, CameraPaths::kSuffix);
    return may ? PermitFor(*hosts, place.host) : kNotNow;
  };
  const std::size_t ahead = now < one_by_one_until_ ? 1 : kFetchAhead;
  for (;;) {
    // What is fetched long before a worker comes to it only takes memory.
    const std::size_t ready = waiting_.size() - waiting_.Blocked(now);
    if (ready >= pull_room_.hand_limit()) return;
    if (hosts_.under_way() >= static_cast<std::size_t>(options_.fetches)) break;
    const HeldPtr next = waiting_.NextToFetch(now, ahead, asking);
    if (!next) break;
    if (TooLateFor(*next, next->PlaceToAsk()->host)) {
      End(next, Ending::kDropped, kTooOld, endings);
    } else {
      StartFetch(next, now);
    }
  }
  if (hosts_.AnyBarred()) CutForOthers(now, ahead);
}

// Of the fetches that keep a host from being asked at all, cuts the one short whose turn would come
// last, if it would come after that host's. Its frame waits for its next turn.
void Dispatcher::CutForOthers(base::MonoTime now, std::size_t ahead) {
  if (cuts_ > 0) return;
  const PixelHosts* const hosts = &hosts_;
  const auto asking = [&](const PixelPlace& place) {
    return hosts->Barred(place.host, now) ? PermitFor(*hosts, place.host) : kNotNow;
  };
  const HeldPtr barred = waiting_.NextToFetch(now, ahead, asking);
  if (!barred) return;
  const std::string& host = barred->PlaceToAsk()->host;
  HeldPtr last;
  int level = hosts_.Level(host);
  waiting_.ForEach([&](const HeldPtr& held, bool) {
    const PixelPlace* const place = held->PlaceToAsk();
    if (held->state != FrameState::kFetching || place == nullptr) return;
    const int its = hosts->Level(place->host, now - held->since);
    if (its <= level || !hosts->TakesFrom(host, place->host)) return;
    last = held;
    level = its;
  });
  next_cut_ = now + PixelHosts::kSlice;
  if (!last) return;
  last->cut = true;
  ++cuts_;
  to_cut_ = last->fetch_cancel;
}

// Pixels that are not next of their camera make room for those that are, and are fetched again.
void Dispatcher::DropFetchedAhead() {
  HeldList ahead;
  waiting_.ForEach([&ahead](const HeldPtr& held, bool first) {
    if (!first && held->state == FrameState::kReady && !held->fetched.empty()) ahead.Push(held);
  });
  while (const HeldPtr held = ahead.Pop()) {
    held->frame.reset();
    held->fetched = {};
    held->reservation.Release();
    SetState(*held, FrameState::kWaiting);
    held->fetch_begun = false;
  }
}

void Dispatcher::StartFetch(const HeldPtr& held, base::MonoTime now) {
  const PixelPlace& place = *held->PlaceToAsk();
  held->fetch_cancel = {};
  held->work->LeaveQueue();
  PixelPlace named = place;
  if (!place.behind.empty()) named.host = place.behind;
  held->fetch = FetchSpan(named, held->work->allowance().trace);
  const base::Allowance allowance{.deadline = base::Deadline(clock_, FetchTime(options_, process_)),
                                  .cancel = held->fetch_cancel,
                                  .trace = held->fetch.parent()};
  hosts_.Began(place.host, now);
  SetState(*held, FrameState::kFetching);
  held->fetch_begun = true;
  try {
    context_.fetchers.Start(place, allowance, [this, held, host = place.host, now](auto pixels) {
      Fetched(held, host, now, std::move(pixels));
    });
  } catch (...) {
    hosts_.GaveUp(place.host, now, {});
    EndFetch(*held, nullptr, context_.work);
    SetState(*held, FrameState::kWaiting);
    held->fetch_begun = false;
    held->not_before = now + kLongestPause;
    throw;
  }
}

void Dispatcher::Fetched(const HeldPtr& held, const std::string& host, base::MonoTime asked,
                         base::Result<FetchedPixels> pixels) noexcept {
  Endings endings;
  {
    const base::MutexLock lock(mutex_);
    if (stopped_) return;
    if (held->cut) --cuts_;
    EndFetch(*held, pixels ? nullptr : &pixels.error(), context_.work);
    try {
      if (!pixels) {
        const std::size_t place = held->next_place;
        FetchFailed(held, host, asked, pixels.error(), endings);
        const bool again = held->state == FrameState::kWaiting && held->next_place == place;
        if (again) context_.ledger.FetchedAgain(base::ErrorCodeName(pixels.error().code));
      } else {
        HostAnswered(*held, host, asked);
        if (held->state == FrameState::kFetching) {
          held->fetched = std::move(pixels->bytes);
          held->reservation = std::move(pixels->reservation);
          held->frame = FrameOf(held->delivery.entry, held->fetched);
          held->passing_failures = 0;
          held->fetch_took = clock_.Now() - asked;
          SetState(*held, FrameState::kReady);
        }
      }
    } catch (const std::exception& error) {
      GiveUp(held, error, endings);
    }
    held->cut = false;
    Move(endings);
  }
  GoOut(std::move(endings));
}

void Dispatcher::HostAnswered(const HeldFrame& held, const std::string& host,
                              base::MonoTime asked) {
  const base::MonoTime now = clock_.Now();
  hosts_.Succeeded(host, now, now - asked);
  host_conditions_.Answered(host, now);
  paths_.Succeeded(CameraPaths::PathOf(host, held.delivery.entry.camera_id), now);
}

void Dispatcher::FetchFailed(const HeldPtr& held, const std::string& host, base::MonoTime asked,
                             const base::Error& error, Endings& endings) {
  const bool wanted = held->state == FrameState::kFetching;
  const base::MonoTime now = clock_.Now();
  switch (VerdictOf(error.code)) {
    case Verdict::kNoPixels: {
      HostAnswered(*held, host, asked);
      if (!wanted) return;
      ++held->next_place;
      held->host_failures = 0;
      held->trials = {};
      SetState(*held, FrameState::kWaiting);
      const PixelPlace* const next = held->PlaceToAsk();
      if (next == nullptr) return EndWithoutPixels(held, endings);
      if (SuspectGoesBack(*held)) return End(held, Ending::kReturned, kPixelHost, endings);
      // The fetch goes on there, unless that takes longer than till the next frame comes.
      held->fetch_begun = !hosts_.Paused(next->host, now);
      if (!held->fetch_begun && NewerInstead(held, endings)) return;
      return BoundWaitingForHosts(endings);
    }
    case Verdict::kFrameFault:
      HostAnswered(*held, host, asked);
      if (wanted) Die(held, error, endings);
      return;
    case Verdict::kReturned:
      return FetchGivenUp(held, host, hosts_.GaveUp(host, now, now - asked), endings);
    case Verdict::kTransient:
    case Verdict::kDoubtful:
      break;
  }
  if (error.code != ErrorCode::kOverloaded && error.code != ErrorCode::kInternal) {
    return HostFailed(held, host, asked, error, endings);
  }
  // Nothing was wrong with the host: that there is no memory shows once it has said how much.
  hosts_.Answered(host, now);
  if (!wanted) return;
  if (error.code == ErrorCode::kInternal && LosesLife(*held)) return Die(held, error, endings);
  SetState(*held, FrameState::kWaiting);
  held->fetch_begun = false;
  one_by_one_until_ = now + kOneByOne;
  DropFetchedAhead();
  if (NewerInstead(held, endings)) return;
  Pause(*held, PauseAfter(++held->passing_failures));
}

// By its frame, which has ended, or for another host. `pause`: it has shown that its host is
// silent.
void Dispatcher::FetchGivenUp(const HeldPtr& held, const std::string& host, milliseconds pause,
                              Endings& endings) {
  if (pause > milliseconds(0) && !draining_) {
    TellHost(host, "it answers nothing while its frames can wait", pause);
  }
  if (held->state != FrameState::kFetching) return;
  if (!held->cut) return End(held, Ending::kReturned, {}, endings);
  SetState(*held, FrameState::kWaiting);
  held->fetch_begun = false;
  if (NewerInstead(held, endings)) return;
  if (SuspectGoesBack(*held)) return End(held, Ending::kReturned, kPixelHost, endings);
  BoundWaitingForHosts(endings);
}

// With policy latest, a frame that has to be fetched anew is not, when a newer one waits.
bool Dispatcher::NewerInstead(const HeldPtr& held, Endings& endings) {
  if (!waiting_.NewerThan(*held)) return false;
  End(held, Ending::kDropped, kNewerFrame, endings);
  return true;
}

void Dispatcher::TellHost(const std::string& host, const std::string& why, milliseconds pause) {
  host_conditions_.Raise(
      host,
      "no pixels from " + host + " (" + why + "): its frames wait, next try in " + Seconds(pause),
      clock_.Now());
}

// An ACL of Redis may permit some keys and not others: frames of such a key wait as if for a host
// of its own. One that is refused again, while others got theirs, is dead. False: the host has
// failed.
bool Dispatcher::KeyRefused(const HeldPtr& held, const std::string& host, const base::Error& error,
                            Endings& endings) {
  if (held->state != FrameState::kFetching || error.code != ErrorCode::kUnauthorized) return false;
  PixelPlace& place = held->places[held->next_place];
  if (place.kind != PixelPlace::Kind::kRedisKey) return false;
  if (!host.ends_with(kOfKeys)) {
    hosts_.Answered(host, clock_.Now());
    held->host_score = hosts_.ScoreOf(host);
    held->host_failures = 1;
    place.host += kOfKeys;
    SetState(*held, FrameState::kWaiting);
    if (SuspectGoesBack(*held)) {
      End(held, Ending::kReturned, kPixelHost, endings);
    } else {
      BoundWaitingForHosts(endings);
    }
    return true;
  }
  const std::string redis = host.substr(0, host.size() - kOfKeys.size());
  if (hosts_.ScoreOf(redis).successes <= held->host_score.successes) return false;
  hosts_.Answered(host, clock_.Now());
  Die(held, error, endings);
  return true;
}

// A host that is away is no fault of the frame, nor is the way to its camera behind a host that
// hands out what others have. One that hands out others of the camera, and this one never, is not
// away.
void Dispatcher::HostFailed(const HeldPtr& held, const std::string& host, base::MonoTime asked,
                            const base::Error& error, Endings& endings) {
  const base::MonoTime now = clock_.Now();
  if (KeyRefused(held, host, error, endings)) return;
  const bool of_keys = host.ends_with(kOfKeys);
  const CameraPaths::Path path = CameraPaths::PathOf(host, held->delivery.entry.camera_id);
  ++held->host_failures;
  if (!of_keys) {
    paths_.Failed(path, hosts_.ScoreOf(path.first).successes, now, held->trials);
    if (host == path.first && paths_.IsApart(path)) return WaitApart(held, path, endings);
  }
  host_conditions_.Failed(host, now);
  const milliseconds pause = hosts_.Failed(host, now, now - asked, error.retry_after);
  if (pause > milliseconds(0)) TellHost(host, error.message, pause);
  if (held->state != FrameState::kFetching) return;
  if (!of_keys && paths_.IsFramesFault(path, held->trials, now)) {
    return Die(held, error, endings);
  }
  SetState(*held, FrameState::kWaiting);
  held->fetch_begun = false;
  if (SuspectGoesBack(*held)) return End(held, Ending::kReturned, kPixelHost, endings);
  if (NewerInstead(held, endings)) return;
  // No longer than the host's, which is what was told. This one may be the culprit: others, which
  // have failed there less often, go first.
  Pause(*held, pause > milliseconds(0) ? pause : PauseAfter(++held->passing_failures));
  BoundWaitingForHosts(endings);
}

// The host itself is well: its other cameras go on, and this one is asked for by itself.
void Dispatcher::WaitApart(const HeldPtr& held, const CameraPaths::Path& path, Endings& endings) {
  hosts_.Answered(path.first, clock_.Now());
  AskApart(path);
  if (held->state != FrameState::kFetching) return;
  PixelPlace& place = held->places[held->next_place];
  place.behind = path.first;
  place.host = CameraPaths::NameOf(path);
  SetState(*held, FrameState::kWaiting);
  held->fetch_begun = false;
  if (SuspectGoesBack(*held)) return End(held, Ending::kReturned, kPixelHost, endings);
  if (NewerInstead(held, endings)) return;
  Pause(*held, PauseAfter(++held->passing_failures));
  BoundWaitingForHosts(endings);
}

// Those that are being fetched follow when their fetch fails.
void Dispatcher::AskApart(const CameraPaths::Path& path) {
  const std::string apart = CameraPaths::NameOf(path);
  waiting_.ForEach([&](const HeldPtr& held, bool) {
    if (held->state == FrameState::kFetching) return;
    if (held->delivery.entry.camera_id != path.second) return;
    for (PixelPlace& place : held->places) {
      if (place.host != path.first) continue;
      place.host = apart;
      place.behind = path.first;
    }
  });
}

}  // namespace sampleproc::consumer

// How many frames a dispatcher holds: what may be pulled, and what is let go of for the others.
#include <algorithm>
#include <span>

#include "consumer/dispatcher.h"

namespace sampleproc::consumer {
namespace {

using std::chrono::milliseconds;

// How long room for some frames waits to become room for a batch.
constexpr milliseconds kCompany{200};

// What takes so long to answer holds its frames back, and not the workers.
constexpr milliseconds kSlow{500};

// What is given back comes again in a second or two. So that slow hosts are asked all the time, of
// their frames so many stay for each fetch that may be under way: one host has half of the fetches,
// and each of them takes kSlow at least.
constexpr std::size_t kKept = 2;

// For whose host a camera's frames wait, by its first one. A fetch that hangs takes fetch_timeout
// to fail, and until then the frames of a host that only says nothing could fill the room; one that
// answers, but later than its frames come, fills it in the end.
enum class Waits { kNot, kForOneThatIsSlow, kForOneThatIsSilent, kForOneThatIsAway };

Waits WaitsForHost(const HeldFrame& first, const PixelHosts& hosts, base::MonoTime now) {
  const PixelPlace* const place = first.PlaceToAsk();
  if (place == nullptr) return Waits::kNot;
  if (hosts.Paused(place->host, now)) return Waits::kForOneThatIsAway;
  const bool hangs =
      first.state == FrameState::kFetching && now - first.since >= hosts.Patience(place->host);
  if (hangs || hosts.Silent(place->host, now)) return Waits::kForOneThatIsSilent;
  return hosts.Usual(place->host) >= kSlow ? Waits::kForOneThatIsSlow : Waits::kNot;
}

}  // namespace

std::size_t Dispatcher::RoomNow() const {
  if (draining_ || stopped_ || without_workers_ || without_memory_ > 0) return 0;
  const std::size_t ours = held_ - std::min(held_, context_.source.Parked());
  return pull_room_.For({.all = ours,
                         .droppable = waiting_.droppable(),
                         .blocked = waiting_.Blocked(clock_.Now(), WaitingRoom::Of::kKept)});
}

std::size_t Dispatcher::Room() const {
  const base::MutexLock lock(mutex_);
  return RoomNow();
}

std::size_t Dispatcher::AwaitRoom(const base::CancelFlag& stop) {
  const base::MutexLock lock(mutex_);
  bool has_some = false;
  base::Deadline company;  // once there is room for some
  while (!IsWorthAPull() && !stop.Cancelled() && !company.Expired()) {
    if (has_some != (RoomNow() > 0)) {
      has_some = !has_some;
      company = has_some ? base::Deadline(base::SystemClock(), kCompany) : base::Deadline();
    }
    changed_.WaitUntil(mutex_, company, stop);
  }
  return RoomNow();
}

// A pull for each frame that leaves would cost the upstream as much as the frames themselves.
bool Dispatcher::IsWorthAPull() const {
  const std::size_t room = RoomNow();
  if (room >= static_cast<std::size_t>(options_.batch_size)) return true;
  const bool idle = handed_.size() <= static_cast<std::size_t>(context_.workers.count());
  return room > 0 && idle && waiting_.size() == waiting_.Blocked(clock_.Now());
}

// Of the frames that wait, themselves or behind their camera's first one, for hosts that are away,
// silent or slow, lets go of the newest beyond their share of all that may wait: the frames of
// other hosts would have to wait for them.
void Dispatcher::BoundWaitingForHosts(Endings& endings) {
  const std::size_t most = pull_room_.max_waiting();
  std::size_t share = most / 2;
  if (waiting_.size() <= share || (!hosts_.AnyFailing() && hosts_.under_way() == 0)) return;
  const base::MonoTime now = clock_.Now();
  std::vector<HeldPtr> behind;
  Waits waits = Waits::kNot;
  bool all_answer = true;
  const auto again = [source = &context_.source](const HeldFrame& held) {
    return source->HandsOutAgain(held.delivery);
  };
  const PixelHosts* const hosts = &hosts_;
  waiting_.ForEach([&](const HeldPtr& held, bool first) {
    if (first) waits = WaitsForHost(*held, *hosts, now);
    // A host that is slow or silent may be well in a moment: frames go back, but none is dropped.
    if (waits == Waits::kNot) return;
    if (waits == Waits::kForOneThatIsAway || again(*held)) behind.push_back(held);
    all_answer &= waits == Waits::kForOneThatIsSlow;
  });
  // But never all of the room: the others would not even be pulled.
  const std::size_t busy = kKept * static_cast<std::size_t>(options_.fetches);
  if (all_answer) share = std::max(share, std::min(busy, most - most / 4 - 1));
  if (behind.size() <= share) return;
  std::ranges::sort(behind, {}, [](const HeldPtr& held) { return held->number; });
  for (const HeldPtr& held : std::span(behind).subspan(share)) {
    End(held, again(*held) ? Ending::kReturned : Ending::kDropped, kPixelHost, endings);
  }
}

// With max_age it is better to drop a frame now than to look at it when it is nearly too old: what
// can be done in half of that time is kept, but one frame of each camera at least.
void Dispatcher::MakeRoom(Endings& endings) {
  const Goodput* const goodput = &goodput_;
  const auto can_be_done = [goodput](milliseconds max_age) { return goodput->Within(max_age / 2); };
  while (waiting_.droppable() > 0) {
    HeldPtr oldest;
    if (waiting_.droppable() > PullRoom::kReadAhead) oldest = waiting_.OldestOfMost();
    if (!oldest) oldest = waiting_.OldestOfTooMuch(can_be_done);
    if (!oldest) return;
    End(oldest, Ending::kDropped, kTooOld, endings);
  }
}

}  // namespace sampleproc::consumer

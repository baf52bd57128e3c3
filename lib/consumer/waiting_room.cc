#include "consumer/waiting_room.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

namespace sampleproc::consumer {
namespace {

// Of the average of what a camera's frames cost.
constexpr int kWeight = 4;

// One is worked on, and the next one is there when it is done.
constexpr std::size_t kHeavyWithWorkers = 2;

// Cameras without a waiting frame whose last turn is remembered.
constexpr std::size_t kRememberedTurns = 256;

std::size_t IsDroppable(const HeldFrame& frame) { return frame.max_age.count() > 0 ? 1 : 0; }

bool HoldsFetched(const HeldFrame& frame) {
  return frame.state == FrameState::kFetching || !frame.fetched.empty();
}

// Doublings of the time that a frame which was fetched waits before it is replaced: a worker finds
// one of the camera's frames ready for eight ninths of the time, and none that is much older.
constexpr int kMostDoublings = 3;

// By a newer one of its camera.
bool IsReplaceable(const HeldFrame& frame, base::MonoTime now) {
  if (!frame.fetch_begun) return true;
  return frame.state == FrameState::kReady &&
         now - frame.since >= frame.fetch_took * (1 << std::min(frame.renewals, kMostDoublings));
}

}  // namespace

bool WaitingRoom::ReplacesOthers(const HeldFrame& frame) const {
  return policy_ == Policy::kLatest && frame.delivery.entry.camera_id && !frame.suspect();
}

void WaitingRoom::Insert(HeldPtr frame) {
  Lane& lane = lanes_[frame->delivery.entry.camera_id];
  const auto later = std::ranges::find_if(
      lane.frames, [&](const HeldPtr& waits) { return waits->number > frame->number; });
  const bool was_empty = lane.frames.empty();
  const std::size_t droppable = IsDroppable(*frame);
  lane.frames.insert(later, std::move(frame));  // what may throw comes before anything is counted
  droppable_ += droppable;
  if (was_empty) ++busy_lanes_;
  ++size_;
}

HeldList WaitingRoom::Add(HeldPtr frame, base::MonoTime now) {
  HeldList found;
  frame->turn = frame->number;
  if (ReplacesOthers(*frame)) {
    if (const auto lane = lanes_.find(frame->delivery.entry.camera_id); lane != lanes_.end()) {
      for (const HeldPtr& each : lane->second.frames) {
        if (each->suspect() || !IsReplaceable(*each, now)) continue;
        frame->turn = std::min(frame->turn, each->turn);
        frame->renewals = std::max(frame->renewals, each->renewals + (each->fetch_begun ? 1 : 0));
        found.Push(each);
      }
    }
  }
  Insert(std::move(frame));
  HeldList replaced;
  while (HeldPtr each = found.Pop()) {
    Remove(*each, false);
    replaced.Push(std::move(each));
  }
  return replaced;
}

HeldPtr WaitingRoom::PutBack(HeldPtr frame) {
  if (NewerThan(*frame)) return frame;
  Insert(std::move(frame));
  return nullptr;
}

HeldPtr WaitingRoom::NewerThan(const HeldFrame& frame) const {
  if (!ReplacesOthers(frame)) return nullptr;
  const auto lane = lanes_.find(frame.delivery.entry.camera_id);
  if (lane == lanes_.end()) return nullptr;
  const auto& frames = lane->second.frames;
  const auto newest = std::find_if(frames.rbegin(), frames.rend(),
                                   [](const HeldPtr& each) { return !each->suspect(); });
  if (newest == frames.rend() || (*newest)->number <= frame.number) return nullptr;
  (*newest)->turn = std::min((*newest)->turn, frame.turn);
  return *newest;
}

bool WaitingRoom::HasLater(const HeldFrame& frame) const {
  const auto lane = lanes_.find(frame.delivery.entry.camera_id);
  return lane != lanes_.end() && !lane->second.frames.empty() &&
         lane->second.frames.back()->number > frame.number;
}

bool WaitingRoom::IsReady(const HeldFrame& frame, base::MonoTime now) {
  return frame.state == FrameState::kReady && frame.not_before <= now;
}

// Whether as many heavy frames are with the workers as may be.
bool WaitingRoom::HeavyWait() const {
  std::size_t away = 0;
  for (const auto& [camera, lane] : lanes_) {
    if (lane.heavy) away += lane.away;
  }
  return away >= kHeavyWithWorkers;
}

HeldPtr WaitingRoom::NextReady(base::MonoTime now, bool ahead) const {
  const bool heavy_wait = HeavyWait();
  HeldPtr next;
  using Rank = std::tuple<std::chrono::nanoseconds, std::uint64_t, std::uint64_t>;  // lowest first
  Rank rank;
  for (const auto& [camera, lane] : lanes_) {
    if ((ahead && camera && lane.away > 0) || (lane.heavy && heavy_wait)) continue;
    const auto ready = [&](const HeldPtr& frame) { return IsReady(*frame, now); };
    // Without a camera any frame will do; with one only the first, which the others wait for.
    const auto end =
        camera && !lane.frames.empty() ? std::next(lane.frames.begin()) : lane.frames.end();
    const auto found = std::find_if(lane.frames.begin(), end, ready);
    if (found == end) continue;
    const Rank its{std::max(begun_, Used(lane)), lane.served, (*found)->number};
    if (next && rank < its) continue;
    next = *found;
    rank = its;
  }
  return next;
}

// Whose fault it is that the first one is not handed out is told by others of its camera that are
// handed out between two of its failures: for each failure one more is asked for.
std::size_t WaitingRoom::MoreAhead(const Lane& lane) {
  if (lane.frames.empty()) return 0;
  return static_cast<std::size_t>(std::min(lane.frames.front()->trials.failures, kMostMoreAhead));
}

HeldPtr WaitingRoom::NextToFetch(base::MonoTime now, std::size_t ahead,
                                 const std::function<Permit(const PixelPlace&)>& asking) const {
  HeldPtr next;
  using Rank = std::tuple<int, int, std::size_t, std::uint64_t>;  // lowest first
  Rank rank{std::numeric_limits<int>::max(), 0, 0, 0};
  if (policy_ == Policy::kLatest) ahead = 1;
  for (const auto& [camera, lane] : lanes_) {
    std::size_t fetched = 0;
    std::size_t looked_at = 0;
    const std::size_t reach = ahead + (policy_ == Policy::kLatest ? 0 : MoreAhead(lane));
    for (const HeldPtr& frame : lane.frames) {
      const bool is_ahead = camera && looked_at++ >= reach;
      if (HoldsFetched(*frame)) ++fetched;
      if (frame->state != FrameState::kWaiting || frame->not_before > now) continue;
      const PixelPlace* place = frame->PlaceToAsk();
      const auto [may, level] = place == nullptr ? Permit(Asking::kNo) : asking(*place);
      if (may == Asking::kNo || (is_ahead && may != Asking::kTrial)) continue;
      const bool trial = may == Asking::kTrial;
      // The newest of those that grow too old has the most time for an answer.
      const std::uint64_t turn = trial && IsDroppable(*frame) > 0 ? ~frame->turn : frame->turn;
      const Rank its{level, trial ? frame->host_failures : 0, fetched, turn};
      if (its < rank) {
        rank = its;
        next = frame;
      }
      if (!trial) break;
    }
  }
  return next;
}

void WaitingRoom::Remove(const HeldFrame& frame, bool served) {
  const auto found = lanes_.find(frame.delivery.entry.camera_id);
  if (found == lanes_.end()) return;
  Lane& lane = found->second;
  if (std::erase_if(lane.frames, [&](const HeldPtr& each) { return each.get() == &frame; }) == 0) {
    return;
  }
  --size_;
  droppable_ -= IsDroppable(frame);
  if (served) {
    lane.served = ++turns_;
    lane.used += std::max(std::chrono::nanoseconds(0), begun_ - Used(lane));
    begun_ = Used(lane);
    ++lane.away;
  }
  if (!lane.frames.empty()) return;
  --busy_lanes_;
  // A camera whose last turn is forgotten is one that has waited longest, which does no harm.
  if (lanes_.size() > busy_lanes_ + kRememberedTurns) {
    std::erase_if(lanes_, [](const auto& each) {
      return each.second.frames.empty() && each.second.away == 0;
    });
  }
}

void WaitingRoom::CameBack(const HeldFrame& frame, std::chrono::nanoseconds worked) {
  const auto found = lanes_.find(frame.delivery.entry.camera_id);
  if (found == lanes_.end() || found->second.away == 0) return;
  Lane& lane = found->second;
  --lane.away;
  if (frame.heavy && frame.delivery.entry.camera_id) lane.heavy = *frame.heavy;
  if (worked == std::chrono::nanoseconds(0)) return;
  lane.used += worked;
  for (std::chrono::nanoseconds* const usual : {&lane.usual, &usual_}) {
    *usual = usual->count() == 0 ? worked : *usual + (worked - *usual) / kWeight;
  }
}

// That may be dropped; null when there is none. What is being fetched is not: a fetch that is given
// up for the next one, again and again, is work for nothing.
const HeldPtr* WaitingRoom::OldestOf(const Lane& lane) {
  const auto first = std::ranges::find_if(lane.frames, [](const HeldPtr& frame) {
    return !frame->suspect() && IsDroppable(*frame) > 0 && frame->state != FrameState::kFetching;
  });
  return first == lane.frames.end() ? nullptr : &*first;
}

HeldPtr WaitingRoom::OldestOfMost() const {
  HeldPtr oldest;
  using Amount = std::tuple<bool, std::chrono::nanoseconds, std::size_t>;
  Amount most;
  for (const auto& [camera, lane] : lanes_) {
    const HeldPtr* const first = OldestOf(lane);
    if (first == nullptr) continue;
    const std::size_t count = lane.frames.size();
    const Amount its{count > 1, WorkOf(lane, count), count};
    if (oldest && (its < most || (its == most && oldest->number < (*first)->number))) continue;
    oldest = *first;
    most = its;
  }
  return oldest;
}

// Of those of one max_age, the lane that is most work waits longest.
HeldPtr WaitingRoom::OldestOfTooMuch(const CanBeDone& can_be_done) const {
  using Rank = std::tuple<std::chrono::milliseconds, std::chrono::nanoseconds, std::size_t,
                          std::uint64_t>;  // lowest first
  const auto work_of = [this](const Lane& lane) { return WorkOf(lane, lane.frames.size()); };
  for (std::chrono::milliseconds done{0};;) {
    const HeldPtr* next = nullptr;
    std::chrono::nanoseconds its_work{0};
    Rank rank;
    for (const auto& [camera, lane] : lanes_) {
      if (lane.frames.size() < 2) continue;
      const HeldPtr* const oldest = OldestOf(lane);
      if (oldest == nullptr || (*oldest)->max_age <= done) continue;
      const std::size_t count = lane.frames.size();
      const Rank its{(*oldest)->max_age, -work_of(lane), ~count, (*oldest)->number};
      if (next != nullptr && rank < its) continue;
      next = oldest;
      its_work = work_of(lane);
      rank = its;
    }
    if (next == nullptr) return nullptr;
    done = (*next)->max_age;
    const auto possible = can_be_done(done);
    if (!possible) return nullptr;
    std::chrono::nanoseconds before{0};
    std::chrono::nanoseconds all{0};
    for (const auto& [camera, lane] : lanes_) {
      before += std::min(its_work, work_of(lane));
      all += work_of(lane);
    }
    if (before > *possible) return *next;
    if (all <= *possible) return nullptr;  // nor is any too much for a longer time
  }
}

std::size_t WaitingRoom::Blocked(base::MonoTime now, Of of) const {
  const bool heavy_wait = HeavyWait();
  std::uint64_t heavy_bytes = 0;
  std::size_t blocked = 0;
  for (const auto& [camera, lane] : lanes_) {
    bool behind_other = false;
    for (const HeldPtr& frame : lane.frames) {
      const bool is_next = !heavy_wait && &frame == &lane.frames.front();
      bool behind_heavy = lane.heavy && !is_next;
      if (behind_heavy) {
        heavy_bytes += frame->delivery.entry.frame_data.size();
        behind_heavy = heavy_bytes <= heavy_bytes_;
      }
      const bool not_ready = behind_other || !IsReady(*frame, now);
      const bool waits = not_ready || behind_heavy;
      if (waits && (of == Of::kAll || IsDroppable(*frame) == 0)) ++blocked;
      behind_other = not_ready && camera.has_value();
    }
  }
  return blocked;
}

HeldPtr WaitingRoom::Any() const {
  for (const auto& [camera, lane] : lanes_) {
    if (!lane.frames.empty()) return lane.frames.front();
  }
  return nullptr;
}

std::optional<base::WallTime> WaitingRoom::Oldest() const {
  std::optional<base::WallTime> oldest;
  ForEach([&](const HeldPtr& frame, bool) {
    if (!oldest || frame->taken < *oldest) oldest = frame->taken;
  });
  return oldest;
}

}  // namespace sampleproc::consumer

#include "history/snapshots.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace sampleproc::history {
namespace {

using base::ErrorCode;
using base::MutexLock;
using base::Result;

constexpr std::string_view kName = telemetry::condition::kSnapshots;
// That nothing was dropped for so long means that it is over.
constexpr std::chrono::seconds kDroppingLasts{5};

constexpr std::string_view kNoRoom =
    "the event's picture is not kept: pictures came faster than they could be written to "
    "events.snapshots";
constexpr std::string_view kNotMade =
    "the event's picture is not kept: it could not be made of its frame, for want of time or "
    "memory";

}  // namespace

std::size_t Snapshots::MemoryFor(const SnapshotOptions& options) {
  constexpr std::size_t kNotesBytes = 512UL * 1024;
  return static_cast<std::size_t>(options.files) * SnapshotFolder::kBytesEach + kNotesBytes;
}

Snapshots::Snapshots(const SnapshotOptions& options, SnapshotsContext context,
                     resources::Reservation room)
    : options_(options),
      context_(std::move(context)),
      room_(std::move(room)),
      left_files_(context_.find_unknown),
      thread_([this] { Run(); }) {}

Snapshots::~Snapshots() {
  {
    const MutexLock lock(mutex_);
    closing_ = true;
  }
  changed_.NotifyAll();
}

void Snapshots::Drop(const frame::Snapshot& snapshot, std::string_view why) {
  ++counts_.dropped;
  if (const auto key = SnapshotKeyOf(snapshot.event_id)) dropped_.Note(*key, why);
}

void Snapshots::Leave(const HeldPtr& held) {
  const auto place = std::ranges::find(waiting_, held);
  if (place == waiting_.end()) return;
  waiting_bytes_ -= held->picture->jpeg.size();
  waiting_.erase(place);
}

void Snapshots::Take(frame::Snapshot snapshot, SnapshotPicturePtr picture) noexcept {
  try {
    if (context_.on_taken) context_.on_taken(snapshot, picture);
    const auto held = std::make_shared<const Held>(
        Held{std::move(snapshot), std::move(picture), context_.clock.Wall()});
    const std::size_t bytes = held->picture->jpeg.size();
    {
      const MutexLock lock(mutex_);
      if (finishing_ || closing_) return;
      const auto other = std::ranges::find_if(waiting_, [&](const HeldPtr& each) {
        return each->snapshot.event_id == held->snapshot.event_id;
      });
      if (other != waiting_.end()) {
        // Frames of a camera may come here in another order than they were looked at.
        const HeldPtr& before = *other;
        const frame::Detection& found = before->snapshot.detection;
        if (found.confidence >= held->snapshot.detection.confidence) return;
        Leave(before);
      }
      if (waiting_.size() >= kMostWaiting || waiting_bytes_ + bytes > kMostWaitingBytes) {
        return Drop(held->snapshot, kNoRoom);
      }
      waiting_.push_back(held);
      waiting_bytes_ += bytes;
    }
    changed_.NotifyAll();
  } catch (const std::exception&) {  // no memory
    const MutexLock lock(mutex_);
    ++counts_.dropped;
  }
}

void Snapshots::Miss(const frame::Snapshot& snapshot) noexcept {
  const MutexLock lock(mutex_);
  try {
    Drop(snapshot, kNotMade);
  } catch (const std::exception&) {  // no memory: it is counted all the same
  }
}

void Snapshots::Get(std::string event_id, const base::Allowance& allowance, IsWanted is_wanted,
                    OnSnapshot answer) {
  base::Error refusal{ErrorCode::kShuttingDown, "no pictures are given: the service ends", {}, {}};
  {
    const MutexLock lock(mutex_);
    if (!closing_ && questions_.size() < kMostQuestions) {
      questions_.push_back(
          {std::move(event_id), allowance, std::move(is_wanted), std::move(answer)});
      changed_.NotifyAll();
      return;
    }
    if (!closing_) {
      refusal = {ErrorCode::kOverloaded,
                 busy_since_ && context_.clock.Now() - *busy_since_ >= kPatience
                     ? "the disk of events.snapshots does not answer"
                     : "too many questions for pictures of events wait already",
                 {},
                 {}};
    }
  }
  answer(std::unexpected(std::move(refusal)));
}

void Snapshots::LookAfter() {
  const base::MonoTime now = context_.clock.Now();
  std::string reason;
  std::uint64_t dropped = 0;
  {
    const MutexLock lock(mutex_);
    dropped = counts_.dropped;
    if (busy_since_ && now - *busy_since_ >= kPatience) {
      reason = "its disk does not answer";
    } else if (!failure_.empty()) {
      reason = "they cannot be kept, which is tried again: " + failure_;
    }
  }
  if (std::exchange(seen_dropped_, dropped) != dropped) dropped_at_ = now;
  if (now - dropped_at_ >= kDroppingLasts) told_dropped_ = dropped;
  if (dropped > told_dropped_) {
    if (reason.empty()) reason = "they come faster than they can be kept, or are too large";
    reason += "; " + std::to_string(dropped - told_dropped_) + " are not kept";
  }
  if (reason.empty()) return context_.conditions.Clear(kName);
  context_.conditions.Raise(
      kName, {}, "pictures of events, events.snapshots " + options_.path + ": " + reason);
}

std::size_t Snapshots::Finish(const base::Deadline& end) {
  std::size_t lost = 0;
  {
    const MutexLock lock(mutex_);
    finishing_ = true;
    retry_at_ = context_.clock.Now();
    changed_.NotifyAll();
    while (!waiting_.empty() && !given_up_ && !end.Expired()) changed_.WaitUntil(mutex_, end);
    lost = waiting_.size();
    closing_ = true;
  }
  changed_.NotifyAll();
  return lost;
}

bool Snapshots::AwaitEnd(const base::Deadline& end) {
  const MutexLock lock(mutex_);
  while (!ended_ && !end.Expired()) changed_.WaitUntil(mutex_, end);
  return ended_;
}

SnapshotCounts Snapshots::counts() const {
  const MutexLock lock(mutex_);
  SnapshotCounts counts = counts_;
  counts.waiting = waiting_.size();
  return counts;
}

}  // namespace sampleproc::history

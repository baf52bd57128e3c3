#include "process/frame_tracker.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace sampleproc::process {

using frame::FrameAction;
using frame::FrameState;

namespace {

std::size_t Index(FrameState state) { return static_cast<std::size_t>(state); }

}  // namespace

TrackedFrame::TrackedFrame(TrackedFrame&& other) noexcept
    : tracker_(std::exchange(other.tracker_, nullptr)),
      frame_id_(std::move(other.frame_id_)),
      ticket_(std::exchange(other.ticket_, 0)),
      state_(other.state_),
      retries_(other.retries_) {}

TrackedFrame::~TrackedFrame() {
  if (ticket_ != 0) tracker_->Remove(ticket_);
}

base::Result<void> TrackedFrame::Apply(FrameAction action) {
  const auto next = frame::NextState(state_, action);
  if (!next) {
    tracker_->Refuse(state_, action);
    return base::Fail(base::ErrorCode::kInternal,
                      "a frame that is " + std::string(frame::FrameStateName(state_)) +
                          " does not allow '" + std::string(frame::FrameActionName(action)) + "'");
  }
  const FrameTransition transition{frame_id_, std::exchange(state_, *next), action, *next};
  if (action == FrameAction::kRetry) ++retries_;
  tracker_->Record(*this, transition);
  return {};
}

void FrameTracker::OnEnter(FrameState state, Callback callback) {
  on_enter_[Index(state)].push_back(std::move(callback));
}

TrackedFrame FrameTracker::Receive(std::string_view frame_id) {
  std::string id(frame_id);  // what may throw comes before anything is noted
  const base::MutexLock lock(mutex_);
  const bool tracked = frames_.size() < max_frames_;
  const std::uint64_t ticket = tracked ? next_ticket_++ : 0;
  if (tracked) frames_.emplace(ticket, FrameState::kReceived);
  ++totals_.frames;
  ++totals_.entered[Index(FrameState::kReceived)];
  if (!tracked) ++totals_.untracked;
  return {this, std::move(id), ticket};
}

FrameTracker::Totals FrameTracker::totals() const {
  const base::MutexLock lock(mutex_);
  return totals_;
}

std::array<std::size_t, frame::kFrameStates> FrameTracker::CountByState() const {
  std::array<std::size_t, frame::kFrameStates> counts{};
  const base::MutexLock lock(mutex_);
  for (const auto& [ticket, state] : frames_) ++counts[Index(state)];
  return counts;
}

void FrameTracker::Record(TrackedFrame& frame, const FrameTransition& transition) {
  {
    const base::MutexLock lock(mutex_);
    ++totals_.entered[Index(transition.to)];
    if (transition.action == FrameAction::kRetry) {
      ++totals_.retries;
      if (frame.retries_ == 1) ++totals_.frames_with_retries;
      totals_.max_retries = std::max(totals_.max_retries, frame.retries_);
    }
    if (frame.ticket_ != 0) frames_[frame.ticket_] = transition.to;
  }
  Run(on_transition_, transition);
  Run(on_enter_[Index(transition.to)], transition);
}

void FrameTracker::Refuse(FrameState state, FrameAction action) {
  {
    const base::MutexLock lock(mutex_);
    ++totals_.refused;
  }
  log_.Error("an invalid transition of a frame was refused",
             {{"state", frame::FrameStateName(state)}, {"action", frame::FrameActionName(action)}});
}

void FrameTracker::Remove(std::uint64_t ticket) {
  const base::MutexLock lock(mutex_);
  frames_.erase(ticket);
}

void FrameTracker::Run(const std::vector<Callback>& callbacks, const FrameTransition& transition) {
  for (const Callback& callback : callbacks) {
    try {
      callback(transition);
    } catch (const std::exception& thrown) {
      {
        const base::MutexLock lock(mutex_);
        ++totals_.callback_failures;
      }
      log_.Warning("a frame's callback threw", {{"error", std::string_view(thrown.what())}});
    }
  }
}

}  // namespace sampleproc::process

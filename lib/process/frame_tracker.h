// Which frames are on their way, in which state, and how many there have been.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/mutex.h"
#include "frame/frame_state.h"

namespace sampleproc::process {

// A transition that has happened.
struct FrameTransition {
  std::string_view frame_id;  // valid during the callback
  frame::FrameState from;
  frame::FrameAction action;
  frame::FrameState to;
};

class FrameTracker;

// One frame's place in the table. Moved along with the frame and used by one thread at a time; the
// tracker must outlive it. Destroying it takes the frame out of the registry, whatever its state.
class TrackedFrame {
 public:
  TrackedFrame(TrackedFrame&& other) noexcept;
  TrackedFrame& operator=(TrackedFrame&&) = delete;
  ~TrackedFrame();

  frame::FrameState state() const { return state_; }

  // Makes the transition, counts it and runs the callbacks. What the table does not have is refused
  // (kInternal, naming state and action), counted and logged, and changes nothing.
  base::Result<void> Apply(frame::FrameAction action);

 private:
  friend class FrameTracker;
  TrackedFrame(FrameTracker* tracker, std::string frame_id, std::uint64_t ticket)
      : tracker_(tracker), frame_id_(std::move(frame_id)), ticket_(ticket) {}

  FrameTracker* tracker_;
  std::string frame_id_;
  std::uint64_t ticket_;  // 0: not in the registry
  frame::FrameState state_ = frame::FrameState::kReceived;
  int retries_ = 0;
};

// Thread-safe. Memory is bounded by `max_frames`; the same frame id may be on its way any number of
// times at once. Invariants: a frame is in the registry from Receive until its TrackedFrame ends,
// unless the registry was full; totals only grow.
class FrameTracker {
 public:
  using Callback = std::function<void(const FrameTransition&)>;

  struct Totals {
    std::uint64_t frames = 0;     // ever received
    std::uint64_t untracked = 0;  // of these, received while the registry was full
    std::uint64_t refused = 0;    // transitions that the table does not have
    std::uint64_t callback_failures = 0;
    std::array<std::uint64_t, frame::kFrameStates> entered{};  // how often each state was entered
    std::uint64_t retries = 0;
    std::uint64_t frames_with_retries = 0;
    int max_retries = 0;  // of one frame
  };

  // `log` must outlive the tracker.
  explicit FrameTracker(std::size_t max_frames, base::Logger& log)
      : max_frames_(max_frames), log_(log) {}
  FrameTracker(const FrameTracker&) = delete;
  FrameTracker& operator=(const FrameTracker&) = delete;

  // Callbacks are added before the first frame. They run on the thread that made the transition,
  // several at once, outside any lock; one that throws is logged and harms nothing.
  void OnTransition(Callback callback) { on_transition_.push_back(std::move(callback)); }
  void OnEnter(frame::FrameState state, Callback callback);

  TrackedFrame Receive(std::string_view frame_id);

  Totals totals() const;
  // How many frames of the registry are in each state now.
  std::array<std::size_t, frame::kFrameStates> CountByState() const;

 private:
  friend class TrackedFrame;
  void Record(TrackedFrame& frame, const FrameTransition& transition);
  void Refuse(frame::FrameState state, frame::FrameAction action);
  void Remove(std::uint64_t ticket);
  void Run(const std::vector<Callback>& callbacks, const FrameTransition& transition);

  const std::size_t max_frames_;
  base::Logger& log_;
  std::vector<Callback> on_transition_;
  std::array<std::vector<Callback>, frame::kFrameStates> on_enter_;

  mutable base::Mutex mutex_;
  std::uint64_t next_ticket_ GUARDED_BY(mutex_) = 1;
  std::unordered_map<std::uint64_t, frame::FrameState> frames_ GUARDED_BY(mutex_);
  Totals totals_ GUARDED_BY(mutex_);
};

}  // namespace sampleproc::process

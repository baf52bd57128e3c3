// The frames that are not with the workers yet, and which of them comes next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "consumer/held_frame.h"
#include "consumer/options.h"

namespace sampleproc::consumer {

// Each camera has a lane, in which its frames stay in order; lanes are served in turn, the one that
// has waited longest for its turn first, so that no camera waits because another one is busy.
// Frames without a camera share a lane that keeps no order. Used by one thread at a time.
class WaitingRoom {
 public:
  explicit WaitingRoom(Policy policy) : policy_(policy) {}

  // Takes a frame. With kLatest it takes the place of the one of the same camera that waits, which
  // is returned; a suspect neither gives nor takes a place.
  HeldPtr Add(HeldPtr frame);

  // Takes back a frame that had been taken out, to where it stood. With kLatest it is itself
  // returned when a newer one of its camera waits.
  HeldPtr PutBack(HeldPtr frame);

  // The frame that is next for a worker: kReady, its pause over, first of its lane. Null: none.
  HeldPtr NextReady(base::MonoTime now) const;

  // Whether a place may be asked for pixels.
  enum class Asking {
    kNo,
    kYes,
    kTrial,  // by one frame, to see whether it is well again
  };

  // The frame whose pixels are fetched next: kWaiting, its pause over, `asking` allows it, and of
  // the first `ahead` frames of its lane; at a trial of the whole lane, which may begin with frames
  // that fail by their own fault. A trial is for the frame that has failed least often; else the
  // lane that has fewest fetched comes first. Null: none.
  HeldPtr NextToFetch(base::MonoTime now, std::size_t ahead,
                      const std::function<Asking(const PixelPlace&)>& asking) const;

  // Takes a frame out. `served`: it was its lane's turn.
  void Remove(const HeldFrame& frame, bool served);

  // The oldest frame of the longest lane, which makes room at the least cost. Null: none waits.
  HeldPtr OldestOfLongest() const;

  // How many frames an earlier one of their camera, a pause or their pixels keep from a worker.
  std::size_t Blocked(base::MonoTime now) const;

  // Calls with each frame, by lane and in order, and whether no frame of its camera is before it.
  // No frame may be added or removed meanwhile. Takes no memory of its own.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const auto& [camera, lane] : lanes_) {
      bool first = true;
      for (const HeldPtr& frame : lane.frames) visit(frame, std::exchange(first, !camera));
    }
  }

  // Any frame; null when there is none.
  HeldPtr Any() const;

  std::size_t size() const { return size_; }
  std::size_t lanes() const { return busy_lanes_; }  // cameras with a waiting frame

  // When the oldest of them was taken.
  std::optional<base::WallTime> Oldest() const;

 private:
  using Camera = std::optional<std::string>;
  struct Lane {
    std::deque<HeldPtr> frames;  // by number
    std::uint64_t served = 0;    // when it had its last turn
  };

  static bool IsReady(const HeldFrame& frame, base::MonoTime now);
  HeldPtr* SameCamera(const HeldFrame& frame);
  void Insert(HeldPtr frame);

  const Policy policy_;
  std::map<Camera, Lane> lanes_;  // those with frames, and some that had a turn before
  std::size_t busy_lanes_ = 0;    // those with frames
  std::uint64_t turns_ = 0;
  std::size_t size_ = 0;
};

}  // namespace sampleproc::consumer

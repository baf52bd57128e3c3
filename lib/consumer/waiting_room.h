// The frames that wait for a worker, and which of them comes next.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "consumer/held_frame.h"
#include "consumer/options.h"

namespace sampleproc::consumer {

// Used by one thread at a time.
class WaitingRoom {
 public:
  explicit WaitingRoom(Policy policy) : policy_(policy) {}

  // Takes a frame. With kLatest it takes the place of the one of the same camera that waits, which
  // is returned; a suspect neither gives nor takes a place.
  HeldPtr Add(HeldPtr frame);

  // Takes back a frame that had its turn, to where it stood. With kLatest it is itself returned
  // when a newer one of its camera waits.
  HeldPtr PutBack(HeldPtr frame);

  // The frame that comes next; null when there is none.
  const HeldFrame* Next() const { return frames_.empty() ? nullptr : frames_.front().get(); }
  HeldPtr TakeNext();

  std::size_t size() const { return frames_.size(); }

  // When the oldest of them was taken.
  std::optional<base::WallTime> Oldest() const;

 private:
  std::deque<HeldPtr>::iterator SameCamera(const HeldFrame& frame);

  const Policy policy_;
  std::deque<HeldPtr> frames_;
};

}  // namespace sampleproc::consumer

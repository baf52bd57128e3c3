#include "consumer/waiting_room.h"

#include <algorithm>
#include <utility>

namespace sampleproc::consumer {

// The one that `frame` cannot wait beside; the end when there is none.
std::deque<HeldPtr>::iterator WaitingRoom::SameCamera(const HeldFrame& frame) {
  const auto& camera = frame.delivery.entry.camera_id;
  if (policy_ == Policy::kFifo || !camera || frame.suspect()) return frames_.end();
  return std::ranges::find_if(frames_, [&](const HeldPtr& waits) {
    return !waits->suspect() && waits->delivery.entry.camera_id == camera;
  });
}

HeldPtr WaitingRoom::Add(HeldPtr frame) {
  const auto older = SameCamera(*frame);
  if (older != frames_.end()) return std::exchange(*older, std::move(frame));
  frames_.push_back(std::move(frame));
  return nullptr;
}

HeldPtr WaitingRoom::PutBack(HeldPtr frame) {
  if (SameCamera(*frame) != frames_.end()) return frame;
  const auto later = std::ranges::find_if(
      frames_, [&](const HeldPtr& waits) { return waits->number > frame->number; });
  frames_.insert(later, std::move(frame));
  return nullptr;
}

HeldPtr WaitingRoom::TakeNext() {
  if (frames_.empty()) return nullptr;
  HeldPtr next = std::move(frames_.front());
  frames_.pop_front();
  return next;
}

std::optional<base::WallTime> WaitingRoom::Oldest() const {
  if (frames_.empty()) return std::nullopt;
  return std::ranges::min(frames_, {}, [](const HeldPtr& frame) { return frame->taken; })->taken;
}

}  // namespace sampleproc::consumer

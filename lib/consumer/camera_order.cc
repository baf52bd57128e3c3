#include "consumer/camera_order.h"

#include <algorithm>
#include <utility>

namespace sampleproc::consumer {

CameraOrder::Place CameraOrder::Join(const std::optional<std::string>& camera) {
  if (!camera) return {};
  Place place{camera, 0};
  const base::MutexLock lock(mutex_);
  const auto mine = cameras_.try_emplace(*camera).first;
  try {
    mine->second.frames.push_back({next_, std::nullopt});
  } catch (...) {
    if (mine->second.frames.empty() && !mine->second.going_out) cameras_.erase(mine);
    throw;
  }
  place.number = next_++;
  return place;
}

void CameraOrder::Leave(const Place& place, GoOut go_out) noexcept {
  if (!place.camera) return go_out();
  base::MutexLock lock(mutex_);
  const auto found = cameras_.find(*place.camera);
  Camera& camera = found->second;
  std::ranges::find(camera.frames, place.number, &Waiting::number)->go_out = std::move(go_out);
  if (camera.going_out) return;  // that thread sees this one too
  camera.going_out = true;
  while (!camera.frames.empty() && camera.frames.front().go_out) {
    GoOut next = std::move(*camera.frames.front().go_out);
    camera.frames.pop_front();
    lock.Unlock();
    next();
    lock.Lock();
  }
  camera.going_out = false;
  if (camera.frames.empty()) cameras_.erase(*place.camera);
}

}  // namespace sampleproc::consumer

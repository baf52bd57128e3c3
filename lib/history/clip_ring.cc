#include "history/clip_ring.h"

#include <algorithm>
#include <utility>

namespace sampleproc::history {

ClipRing::ClipRing(const ClipOptions& options, resources::MemoryBudget& memory)
    : span_(options.before + kTold), camera_memory_(options.camera_memory), memory_(memory) {}

void ClipRing::LetGo(Camera& camera, const std::deque<ClipPicturePtr>::iterator& picture) {
  camera.bytes -= CostOf((*picture)->jpeg.size());
  camera.pictures.erase(picture);
}

// What came longest ago, of any camera. False when nothing is held.
bool ClipRing::LetGoOldest() {
  Camera* oldest = nullptr;
  for (auto& [id, camera] : cameras_) {
    if (camera.pictures.empty()) continue;
    if (oldest == nullptr || camera.pictures.front()->came < oldest->pictures.front()->came) {
      oldest = &camera;
    }
  }
  if (oldest == nullptr) return false;
  LetGo(*oldest, oldest->pictures.begin());
  return true;
}

std::optional<resources::Reservation> ClipRing::Room(Camera& camera, std::size_t bytes) {
  if (bytes > camera_memory_) return std::nullopt;
  while (camera.bytes + bytes > camera_memory_) LetGo(camera, camera.pictures.begin());
  for (;;) {
    auto memory = memory_.TryReserve(bytes, "an event's clip");
    if (memory) return std::move(*memory);
    if (!LetGoOldest()) return std::nullopt;
  }
}

ClipRing::Camera& ClipRing::CameraOf(const std::string& id, base::MonoTime now) {
  if (cameras_.size() >= kMostCameras && !cameras_.contains(id)) {
    cameras_.erase(
        std::ranges::min_element(cameras_, {}, [](const auto& each) { return each.second.came; }));
  }
  Camera& camera = cameras_[id];
  camera.came = now;
  return camera;
}

bool ClipRing::WantsMade(const std::string& camera_id, std::optional<ClipTime> taken,
                         base::MonoTime now) {
  Camera& camera = CameraOf(camera_id, now);
  const ClipTime at = taken.value_or(std::chrono::duration_cast<ClipTime>(now.time_since_epoch()));
  // Also one that goes back: its camera's time begins anew.
  const ClipTime since = camera.made ? std::chrono::abs(at - *camera.made) : kBetweenMade;
  if (since < kBetweenMade) return false;
  camera.made = at;
  return true;
}

ClipRing::Added ClipRing::Add(const ClipInput& input, base::MonoTime now) {
  Camera& camera = CameraOf(input.camera_id, now);
  ClipTime at = camera.time.Take(input.taken, input.came);
  // Tracks know no way back; here a frame that comes a little late has its place.
  const bool is_late = input.taken && *input.taken < at;
  if (is_late && at - *input.taken <= frame::kMostDisorder) at = *input.taken;
  Added added{.picture = nullptr, .anew = camera.order.Take(at) == frame::TimeOrder::Place::kAnew};
  if (added.anew) {
    camera.pictures.clear();
    camera.bytes = 0;
  }
  const std::size_t bytes = CostOf(input.jpeg.size());
  auto memory = Room(camera, bytes);
  if (!memory) return added;
  auto picture = std::make_shared<ClipPicture>();
  picture->jpeg = base::AsText(input.jpeg);
  picture->at = at;
  picture->width = input.width;
  picture->height = input.height;
  picture->came = now;
  picture->memory = std::move(*memory);
  const auto place = std::ranges::upper_bound(camera.pictures, at, {},
                                              [](const ClipPicturePtr& each) { return each->at; });
  camera.pictures.insert(place, picture);
  camera.bytes += bytes;
  added.picture = std::move(picture);
  const ClipTime newest = camera.pictures.back()->at;
  while (camera.pictures.front()->at < newest - span_) LetGo(camera, camera.pictures.begin());
  return added;
}

std::vector<ClipPicturePtr> ClipRing::From(const std::string& camera_id, ClipTime from) const {
  const auto camera = cameras_.find(camera_id);
  if (camera == cameras_.end()) return {};
  const auto& pictures = camera->second.pictures;
  const auto begin = std::ranges::lower_bound(pictures, from, {},
                                              [](const ClipPicturePtr& each) { return each->at; });
  return {begin, pictures.end()};
}

void ClipRing::Trim(base::MonoTime now) {
  std::erase_if(cameras_,
                [&](const auto& each) { return now - each.second.came > span_ + kSilent; });
}

}  // namespace sampleproc::history

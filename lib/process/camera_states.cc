#include "process/camera_states.h"

#include <algorithm>
#include <iterator>

namespace sampleproc::process {
namespace {

constexpr std::size_t kMostTold = 1024;

std::size_t CommonPlaces(const CameraStates::Settings& settings) {
  const auto all = static_cast<std::size_t>(std::max(settings.max_cameras, 0));
  return all - std::min(all, settings.reserved.size());
}

}  // namespace

CameraStates::CameraStates(const Settings& settings, resources::MemoryBudget& budget,
                           const base::Clock& clock, OnRefused on_refused)
    : max_cameras_(CommonPlaces(settings)),
      reserved_(settings.reserved.begin(), settings.reserved.end()),
      idle_(settings.idle),
      budget_(budget),
      clock_(clock),
      on_refused_(std::move(on_refused)) {}

CameraStates::CameraStates(int max_cameras, resources::MemoryBudget& budget, OnRefused on_refused)
    : CameraStates(Settings{.max_cameras = max_cameras, .idle = base::kForever}, budget,
                   base::SystemClock(), std::move(on_refused)) {}

std::expected<CameraStates::Lease, std::string_view> CameraStates::Use(std::string_view camera_id,
                                                                       const Wanted& wanted) {
  std::shared_ptr<Slot> slot = Find(camera_id, wanted.step);
  if (slot == nullptr) return Refuse(camera_id, kMaxCameras);
  Lease lease(std::move(slot));
  bool filled = false;
  try {
    filled = Fill(*lease.slot_, wanted);
  } catch (...) {
    Drop(camera_id, wanted.step);
    throw;
  }
  if (filled) return lease;
  Drop(camera_id, wanted.step);
  return Refuse(camera_id, kNoMemory);
}

CameraStates::Counts CameraStates::counts() const {
  const base::MutexLock lock(mutex_);
  return {places_.size(), told_.size(), refused_frames_};
}

bool CameraStates::Crowded() const {
  const base::MutexLock lock(mutex_);
  return refused_last_ && clock_.Now() - *refused_last_ < kCrowdedFor;
}

std::shared_ptr<CameraStates::Slot> CameraStates::Find(std::string_view camera_id,
                                                       std::string_view step) {
  const base::MonoTime now = clock_.Now();
  std::string key(camera_id);
  const base::MutexLock lock(mutex_);
  auto place = places_.find(key);
  if (place == places_.end()) {
    const bool reserved = reserved_.contains(key);
    if (!reserved && common_ >= max_cameras_ && !MakeRoom(now)) return nullptr;
    place = places_.emplace(std::move(key), Place{.reserved = reserved}).first;
    if (!reserved) ++common_;
  }
  auto use = place->second.uses.find(step);
  if (use == place->second.uses.end()) {
    use = place->second.uses.emplace(std::string(step), Used{std::make_shared<Slot>()}).first;
  }
  place->second.frames = std::max(place->second.frames, ++use->second.frames);
  place->second.last = now;
  return use->second.slot;
}

base::MonoTime CameraStates::IdleFrom(const Place& place) const {
  const bool is_new = idle_ < base::kForever && place.frames < kKnownAfter;
  return place.last + (is_new ? std::min(kNewIdle, idle_) : idle_);
}

// Takes the place of the camera that has been idle the longest, if one is.
bool CameraStates::MakeRoom(base::MonoTime now) {
  if (now < none_idle_before_) return false;
  auto longest = places_.end();
  for (auto place = places_.begin(); place != places_.end(); ++place) {
    if (place->second.reserved) continue;
    if (longest == places_.end() || IdleFrom(place->second) < IdleFrom(longest->second)) {
      longest = place;
    }
  }
  if (longest == places_.end()) return false;
  none_idle_before_ = IdleFrom(longest->second);
  if (now < none_idle_before_) return false;
  places_.erase(longest);
  --common_;
  return true;
}

bool CameraStates::Fill(Slot& slot, const Wanted& wanted) {
  if (slot.state && slot.shape == wanted.shape) return true;
  slot.state.reset();
  slot.memory.Release();
  auto memory = budget_.TryReserve(wanted.bytes, "a camera's state");
  if (!memory) return false;
  slot.state = wanted.make();
  slot.memory = std::move(*memory);
  slot.shape = wanted.shape;
  return true;
}

std::unexpected<std::string_view> CameraStates::Refuse(std::string_view camera_id,
                                                       std::string_view reason) {
  const base::MutexLock lock(mutex_);
  ++refused_frames_;
  refused_last_ = clock_.Now();
  if (told_.size() < kMostTold && told_.emplace(camera_id).second && on_refused_) {
    on_refused_(camera_id, reason);
  }
  return std::unexpected(reason);
}

// A step that could have no state, or whose state cannot be made, holds no place by itself.
void CameraStates::Drop(std::string_view camera_id, std::string_view step) {
  const base::MutexLock lock(mutex_);
  const auto place = places_.find(std::string(camera_id));
  if (place == places_.end()) return;
  if (const auto use = place->second.uses.find(step); use != place->second.uses.end()) {
    place->second.uses.erase(use);
  }
  if (place->second.uses.empty()) Erase(place);
}

std::vector<frame::Event> CameraStates::Forget(std::string_view camera_id) {
  std::map<std::string, Used, std::less<>> uses;
  {
    const base::MutexLock lock(mutex_);
    const auto place = places_.find(std::string(camera_id));
    if (place == places_.end()) return {};
    uses = std::move(place->second.uses);
    Erase(place);
  }
  std::vector<frame::Event> told;
  for (const auto& [step, use] : uses) {
    const base::MutexLock lock(use.slot->mutex);
    if (use.slot->state == nullptr) continue;
    auto events = use.slot->state->Finish();
    std::move(events.begin(), events.end(), std::back_inserter(told));
  }
  return told;
}

std::vector<frame::Event> CameraStates::ForgetAll() {
  std::vector<std::string> cameras;
  {
    const base::MutexLock lock(mutex_);
    for (const auto& [camera, place] : places_) cameras.push_back(camera);
  }
  std::ranges::sort(cameras);
  std::vector<frame::Event> told;
  for (const std::string& camera : cameras) {
    auto events = Forget(camera);
    std::move(events.begin(), events.end(), std::back_inserter(told));
  }
  return told;
}

void CameraStates::Erase(Places::iterator place) {
  if (!place->second.reserved) --common_;
  places_.erase(place);
  none_idle_before_ = {};
}

}  // namespace sampleproc::process

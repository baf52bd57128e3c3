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
      on_left_(settings.on_left),
      budget_(budget),
      clock_(clock),
      on_refused_(std::move(on_refused)) {}

CameraStates::CameraStates(int max_cameras, resources::MemoryBudget& budget, OnRefused on_refused)
    : CameraStates(Settings{.max_cameras = max_cameras, .idle = base::kForever}, budget,
                   base::SystemClock(), std::move(on_refused)) {}

std::expected<CameraStates::Lease, std::string_view> CameraStates::Use(std::string_view camera_id,
                                                                       const Wanted& wanted) {
  while (true) {
    std::shared_ptr<Slot> slot = Find(camera_id, wanted);
    if (slot == nullptr) return Refuse(camera_id, kMaxCameras);
    Lease lease(std::move(slot));
    if (lease.gone()) continue;  // since it was found
    bool filled = false;
    try {
      filled = Fill(*lease.slot_, wanted, lease.left_);
    } catch (...) {
      Drop(camera_id, wanted.step);
      throw;
    }
    if (filled) return lease;
    Drop(camera_id, wanted.step);
    if (on_left_ && !lease.left_.empty()) on_left_(lease.left_);
    return Refuse(camera_id, kNoMemory);
  }
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
                                                       const Wanted& wanted) {
  const base::MonoTime now = clock_.Now();
  std::string key(camera_id);
  Uses gone;
  base::MutexLock lock(mutex_);
  auto place = places_.find(key);
  if (place == places_.end()) {
    const bool reserved = reserved_.contains(key);
    if (!reserved && common_ >= max_cameras_ && !MakeRoom(now, gone)) return nullptr;
    place = places_.emplace(std::move(key), Place{.reserved = reserved}).first;
    if (!reserved) ++common_;
  }
  auto use = place->second.uses.find(wanted.step);
  if (use == place->second.uses.end()) {
    Used made{.slot = std::make_shared<Slot>(), .tells = wanted.tells};
    use = place->second.uses.emplace(std::string(wanted.step), std::move(made)).first;
  }
  place->second.frames = std::max(place->second.frames, ++use->second.frames);
  place->second.last = use->second.last = now;
  std::shared_ptr<Slot> slot = use->second.slot;
  lock.Unlock();
  TellLeft(gone);
  return slot;
}

base::MonoTime CameraStates::IdleFrom(const Place& place) const {
  const bool is_new = idle_ < base::kForever && place.frames < kKnownAfter;
  return place.last + (is_new ? std::min(kNewIdle, idle_) : idle_);
}

// Takes the place of the camera that has been idle the longest, if one is.
bool CameraStates::MakeRoom(base::MonoTime now, Uses& gone) {
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
  gone = std::move(longest->second.uses);
  places_.erase(longest);
  --common_;
  return true;
}

bool CameraStates::Fill(Slot& slot, const Wanted& wanted, std::vector<frame::Event>& left) {
  if (slot.state && slot.shape == wanted.shape) return true;
  if (slot.state) left = slot.state->Finish(frame::Event::kSourceEnd);
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

std::vector<frame::Event> CameraStates::Forget(std::string_view camera_id,
                                               std::string_view reason) {
  Uses uses;
  {
    const base::MutexLock lock(mutex_);
    const auto place = places_.find(std::string(camera_id));
    if (place == places_.end()) return {};
    uses = std::move(place->second.uses);
    Erase(place);
  }
  std::vector<frame::Event> told;
  Finish(uses, reason, told);
  return told;
}

// A state that tells nothing is let alone: a worker that does not come back may have it.
void CameraStates::Finish(const Uses& gone, std::string_view reason,
                          std::vector<frame::Event>& told) {
  for (const auto& [step, use] : gone) {
    if (!use.tells) continue;
    const base::MutexLock lock(use.slot->mutex);
    use.slot->gone = true;
    if (use.slot->state == nullptr) continue;
    std::ranges::move(use.slot->state->Finish(reason), std::back_inserter(told));
    use.slot->state.reset();
  }
}

void CameraStates::TellLeft(const Uses& gone) const {
  std::vector<frame::Event> told;
  Finish(gone, frame::Event::kSourceEnd, told);
  if (on_left_ && !told.empty()) on_left_(told);
}

void CameraStates::TellIdle() {
  const base::MonoTime now = clock_.Now();
  std::vector<Uses> gone;
  {
    const base::MutexLock lock(mutex_);
    for (auto place = places_.begin(); place != places_.end();) {
      Uses& uses = place->second.uses;
      Uses idle;
      for (auto use = uses.begin(); use != uses.end();) {
        const auto next = std::next(use);
        if (use->second.tells && now - use->second.last >= idle_) idle.insert(uses.extract(use));
        use = next;
      }
      const auto next = std::next(place);
      if (!idle.empty()) gone.push_back(std::move(idle));
      if (uses.empty()) Erase(place);
      place = next;
    }
  }
  for (const Uses& uses : gone) TellLeft(uses);
}

std::vector<frame::Event> CameraStates::ForgetAll(std::string_view reason) {
  std::vector<std::string> cameras;
  {
    const base::MutexLock lock(mutex_);
    for (const auto& [camera, place] : places_) cameras.push_back(camera);
  }
  std::ranges::sort(cameras);
  std::vector<frame::Event> told;
  for (const std::string& camera : cameras) {
    auto events = Forget(camera, reason);
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

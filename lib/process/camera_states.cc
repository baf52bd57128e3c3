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
    : reserved_(settings.reserved.begin(), settings.reserved.end()),
      is_configured_(settings.is_configured),
      idle_(settings.idle),
      on_left_(settings.on_left),
      budget_(budget),
      clock_(clock),
      on_refused_(std::move(on_refused)),
      places_(CommonPlaces(settings), settings.idle, frame::Newcomers::kReturningFirst) {}

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
  return {places_.all().size(), told_.size(), refused_frames_};
}

bool CameraStates::HasOwnPlace(const std::string& camera_id) const {
  return reserved_.contains(camera_id) || (is_configured_ && is_configured_(camera_id));
}

void CameraStates::Reconfigured() {
  std::vector<Uses> gone;
  {
    const base::MutexLock lock(mutex_);
    for (auto& [id, place] : places_.all()) {
      if (place.reserved && !HasOwnPlace(id)) gone.push_back(std::move(place.value));
    }
    places_.Reserve([this](const std::string& id) { return HasOwnPlace(id); });
  }
  for (const Uses& uses : gone) TellLeft(uses);
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
  auto* const place = places_.Take(key, now, [&] { return HasOwnPlace(key); }, gone, wanted.step);
  if (place == nullptr) return nullptr;
  Uses& uses = place->value;
  auto use = uses.find(wanted.step);
  if (use == uses.end()) {
    Used made{.slot = std::make_shared<Slot>(), .tells = wanted.tells};
    use = uses.emplace(std::string(wanted.step), std::move(made)).first;
  }
  place->frames = std::max(place->frames, ++use->second.frames);
  place->last = use->second.last = now;
  std::shared_ptr<Slot> slot = use->second.slot;
  lock.Unlock();
  TellLeft(gone);
  return slot;
}

bool CameraStates::Fill(Slot& slot, const Wanted& wanted, std::vector<frame::Event>& left) {
  if (slot.state && slot.shape == wanted.shape) return true;
  // What a state has to tell is not lost because there is no memory for the one in its place; one
  // that tells nothing makes room first.
  std::unique_ptr<State> made;
  if (wanted.tells && slot.state) {
    made = wanted.make();
    left = slot.state->Finish(frame::Event::kSourceEnd);
  }
  slot.state.reset();
  if (slot.memory.bytes() != wanted.bytes) {
    slot.memory.Release();
    auto memory = budget_.TryReserve(wanted.bytes, "a camera's state");
    if (!memory) return false;
    slot.memory = std::move(*memory);
  }
  slot.state = made ? std::move(made) : wanted.make();
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
  const auto place = places_.all().find(std::string(camera_id));
  if (place == places_.all().end()) return;
  Uses& uses = place->second.value;
  if (const auto use = uses.find(step); use != uses.end()) uses.erase(use);
  if (uses.empty()) places_.Erase(place);
}

std::vector<frame::Event> CameraStates::Forget(std::string_view camera_id,
                                               std::string_view reason) {
  Uses uses;
  {
    const base::MutexLock lock(mutex_);
    const auto place = places_.all().find(std::string(camera_id));
    if (place == places_.all().end()) return {};
    uses = std::move(place->second.value);
    places_.Erase(place);
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
    for (auto place = places_.all().begin(); place != places_.all().end();) {
      Uses& uses = place->second.value;
      Uses idle;
      for (auto use = uses.begin(); use != uses.end();) {
        const auto next = std::next(use);
        if (use->second.tells && now - use->second.last >= idle_) idle.insert(uses.extract(use));
        use = next;
      }
      if (!idle.empty()) gone.push_back(std::move(idle));
      place = uses.empty() ? places_.Erase(place) : std::next(place);
    }
  }
  for (const Uses& uses : gone) TellLeft(uses);
}

std::vector<frame::Event> CameraStates::ForgetAll(std::string_view reason) {
  std::vector<std::string> cameras;
  {
    const base::MutexLock lock(mutex_);
    for (const auto& [camera, place] : places_.all()) cameras.push_back(camera);
  }
  std::ranges::sort(cameras);
  std::vector<frame::Event> told;
  for (const std::string& camera : cameras) {
    auto events = Forget(camera, reason);
    std::move(events.begin(), events.end(), std::back_inserter(told));
  }
  return told;
}

}  // namespace sampleproc::process

#include "process/camera_states.h"

#include <algorithm>

namespace sampleproc::process {
namespace {

constexpr std::size_t kMostTold = 1024;

}  // namespace

CameraStates::CameraStates(int max_cameras, resources::MemoryBudget& budget, OnRefused on_refused)
    : max_cameras_(static_cast<std::size_t>(std::max(max_cameras, 0))),
      budget_(budget),
      on_refused_(std::move(on_refused)) {}

std::expected<CameraStates::Lease, std::string_view> CameraStates::Use(std::string_view camera_id,
                                                                       const Wanted& wanted) {
  std::shared_ptr<Slot> slot = Find(camera_id);
  if (slot == nullptr) return Refuse(camera_id, kMaxCameras);
  Lease lease(std::move(slot));
  bool filled = false;
  try {
    filled = Fill(*lease.slot_, wanted);
  } catch (...) {
    Forget(camera_id);
    throw;
  }
  if (filled) return lease;
  Forget(camera_id);
  return Refuse(camera_id, kNoMemory);
}

CameraStates::Counts CameraStates::counts() const {
  const std::lock_guard lock(mutex_);
  return {slots_.size(), told_.size(), refused_frames_};
}

std::shared_ptr<CameraStates::Slot> CameraStates::Find(std::string_view camera_id) {
  const std::lock_guard lock(mutex_);
  const std::string key(camera_id);
  if (const auto found = slots_.find(key); found != slots_.end()) return found->second;
  if (slots_.size() >= max_cameras_) return nullptr;
  return slots_.emplace(key, std::make_shared<Slot>()).first->second;
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
  const std::lock_guard lock(mutex_);
  ++refused_frames_;
  if (told_.size() < kMostTold && told_.emplace(camera_id).second && on_refused_) {
    on_refused_(camera_id, reason);
  }
  return std::unexpected(reason);
}

void CameraStates::Forget(std::string_view camera_id) {
  const std::lock_guard lock(mutex_);
  slots_.erase(std::string(camera_id));
}

}  // namespace sampleproc::process

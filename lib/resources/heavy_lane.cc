#include "resources/heavy_lane.h"

#include <algorithm>
#include <utility>

namespace sampleproc::resources {
HeavyLane::Slot::Slot(Slot&& other) noexcept : lane_(std::exchange(other.lane_, nullptr)) {}

HeavyLane::Slot& HeavyLane::Slot::operator=(Slot&& other) noexcept {
  if (this != &other) {
    Leave();
    lane_ = std::exchange(other.lane_, nullptr);
  }
  return *this;
}

void HeavyLane::Slot::Leave() {
  if (lane_ != nullptr) lane_->Leave();
  lane_ = nullptr;
}

base::Result<HeavyLane::Slot> HeavyLane::Enter(std::chrono::milliseconds patience,
                                               const base::Allowance& allowance) {
  std::unique_lock lock(mutex_);
  if (!taken_ && waiting_.empty()) {
    taken_ = true;
    return Slot(this);
  }
  if (waiting_.size() >= max_waiting_) {
    return base::Fail(base::ErrorCode::kOverloaded,
                      "a very large frame is in work and others wait already "
                      "(process.heavy_pixels)");
  }
  const auto give_up = std::chrono::steady_clock::now() + std::min(patience, base::kForever);
  const void* const me = &give_up;
  waiting_.push_back(me);
  TellWatcher();
  base::Result<Slot> result;
  for (;;) {
    if (!taken_ && waiting_.front() == me) {
      taken_ = true;
      result = Slot(this);
      break;
    }
    if (auto allowed = allowance.Check("waiting for another very large frame"); !allowed) {
      result = std::unexpected(allowed.error());
      break;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now >= give_up) {
      result = base::Fail(base::ErrorCode::kOverloaded,
                          "another very large frame was in work for too long "
                          "(process.heavy_pixels, process.heavy_patience)");
      break;
    }
    // Short slices, because a cancel flag cannot wake the condition variable.
    left_.wait_until(lock, std::min(give_up, now + std::chrono::milliseconds(20)));
  }
  std::erase(waiting_, me);
  TellWatcher();
  left_.notify_all();  // somebody else may be the first now
  return result;
}

void HeavyLane::Watch(std::function<void(std::size_t)> watcher) {
  const std::lock_guard lock(mutex_);
  watcher_ = std::move(watcher);
}

std::size_t HeavyLane::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

void HeavyLane::Leave() {
  const std::lock_guard lock(mutex_);
  taken_ = false;
  left_.notify_all();
}

void HeavyLane::TellWatcher() {
  if (watcher_) watcher_(waiting_.size());
}

}  // namespace sampleproc::resources

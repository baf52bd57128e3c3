#include "resources/heavy_lane.h"

#include <algorithm>
#include <utility>

#include "resources/drain_estimate.h"

namespace sampleproc::resources {

using std::chrono::steady_clock;

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

void HeavyLane::Take() {
  taken_ = true;
  taken_at_ = steady_clock::now();
}

// Says when to come back: by then those that are here have had their time, each as long as the last
// one or as the present one already has.
std::unexpected<base::Error> HeavyLane::Refusal(std::string message) const {
  auto error = base::Fail(base::ErrorCode::kOverloaded, std::move(message));
  const auto now = steady_clock::now();
  const auto each = std::max(last_held_, taken_ ? now - taken_at_ : steady_clock::duration(0));
  error.error().retry_after =
      std::clamp(std::chrono::ceil<std::chrono::seconds>(each * (waiting_.size() + 1)),
                 DrainEstimate::kShortest, DrainEstimate::kLongest);
  return error;
}

base::Result<HeavyLane::Slot> HeavyLane::Enter(std::chrono::milliseconds patience,
                                               const base::Allowance& allowance) {
  std::unique_lock lock(mutex_);
  if (!taken_ && waiting_.empty()) {
    Take();
    return Slot(this);
  }
  if (waiting_.size() >= max_waiting_) {
    return Refusal("a very large frame is in work and others wait already (process.heavy_pixels)");
  }
  const auto give_up = steady_clock::now() + std::min(patience, base::kForever);
  const void* const me = &give_up;
  waiting_.push_back(me);
  TellWatcher();
  base::Result<Slot> result;
  for (;;) {
    if (!taken_ && waiting_.front() == me) {
      Take();
      result = Slot(this);
      break;
    }
    if (auto allowed = allowance.Check("waiting for another very large frame"); !allowed) {
      result = std::unexpected(allowed.error());
      break;
    }
    const auto now = steady_clock::now();
    if (now >= give_up) {
      result = Refusal(
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
  last_held_ = steady_clock::now() - taken_at_;
  left_.notify_all();
}

void HeavyLane::TellWatcher() {
  if (watcher_) watcher_(waiting_.size());
}

}  // namespace sampleproc::resources

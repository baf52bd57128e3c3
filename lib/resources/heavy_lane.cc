#include "resources/heavy_lane.h"

#include <algorithm>
#include <utility>

#include "resources/drain_estimate.h"
#include "resources/wait.h"

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

// A thread's place among those that wait. Made and destroyed under the lane's lock, which clang
// cannot follow through a reference.
class HeavyLane::Place {
 public:
  explicit Place(HeavyLane& lane) SAMPLEPROC_THREAD_ANNOTATION(no_thread_safety_analysis)
      : lane_(lane) {
    lane_.waiting_.push_back(this);
    lane_.TellWatcher();
  }
  ~Place() SAMPLEPROC_THREAD_ANNOTATION(no_thread_safety_analysis) {
    std::erase(lane_.waiting_, this);
    lane_.TellWatcher();
    lane_.left_.NotifyAll();  // somebody else may be the first now
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  HeavyLane& lane_;
};

void HeavyLane::Take() {
  taken_ = true;
  taken_at_ = steady_clock::now();
}

// As long as the last one, or as the present one already has.
steady_clock::duration HeavyLane::TimeOfEach() const {
  const auto now = steady_clock::now();
  return std::max(last_held_, taken_ ? now - taken_at_ : steady_clock::duration(0));
}

// Says when to come back: by then those that are here have had their time.
std::unexpected<base::Error> HeavyLane::Refusal(std::string message) const {
  auto error = base::Fail(base::ErrorCode::kOverloaded, std::move(message));
  error.error().retry_after =
      std::clamp(std::chrono::ceil<std::chrono::seconds>(TimeOfEach() * (waiting_.size() + 1)),
                 DrainEstimate::kShortest, DrainEstimate::kLongest);
  return error;
}

base::Result<HeavyLane::Slot> HeavyLane::Enter(std::chrono::milliseconds patience,
                                               const base::Allowance& allowance) {
  const PatientWait wait(patience, allowance);
  const base::MutexLock lock(mutex_);
  if (!taken_ && waiting_.empty()) {
    Take();
    return Slot(this);
  }
  using std::chrono::milliseconds;
  const auto theirs = std::chrono::floor<milliseconds>(TimeOfEach() * waiting_.size());
  if (waiting_.size() >= max_waiting_ || (!waiting_.empty() && theirs > patience)) {
    return Refusal(
        "a very large frame is in work and others wait already "
        "(process.heavy_pixels, process.heavy_patience)");
  }
  const Place place(*this);
  while (taken_ || waiting_.front() != &place) {
    if (auto wanted = wait.Wanted(); !wanted) return std::unexpected(wanted.error());
    if (wait.Over()) {
      return Refusal(
          "another very large frame was in work for too long "
          "(process.heavy_pixels, process.heavy_patience)");
    }
    wait.For(left_, mutex_);
  }
  Take();
  return Slot(this);
}

void HeavyLane::Watch(std::function<void(std::size_t)> watcher) {
  const base::MutexLock lock(mutex_);
  watcher_ = std::move(watcher);
}

std::size_t HeavyLane::waiting() const {
  const base::MutexLock lock(mutex_);
  return waiting_.size();
}

void HeavyLane::Leave() {
  const base::MutexLock lock(mutex_);
  taken_ = false;
  last_held_ = steady_clock::now() - taken_at_;
  left_.NotifyAll();
}

void HeavyLane::TellWatcher() {
  if (watcher_) watcher_(waiting_.size());
}

}  // namespace sampleproc::resources

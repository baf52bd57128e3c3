#include "process/look_times.h"

#include <algorithm>

namespace sampleproc::process {

void LookTimes::Set(std::string_view camera_id, base::MonoTime now) {
  const auto known = last_.find(std::string(camera_id));
  if (known != last_.end()) {
    known->second = now;
    return;
  }
  if (last_.size() >= kMaxCameras) {
    last_.erase(std::ranges::min_element(last_, {}, [](const auto& each) { return each.second; }));
  }
  last_.emplace(camera_id, now);
}

bool LookTimes::IsDue(std::string_view camera_id, std::chrono::milliseconds every) {
  const base::MutexLock lock(mutex_);
  const base::MonoTime now = clock_.Now();
  const auto known = last_.find(std::string(camera_id));
  if (known != last_.end() && now - known->second < every) return false;
  Set(camera_id, now);
  return true;
}

}  // namespace sampleproc::process

#include "process/look_times.h"

#include <algorithm>
#include <utility>

namespace sampleproc::process {

bool LookTimes::IsDue(std::string_view camera_id, bool is_configured,
                      std::chrono::milliseconds every) {
  std::string id(camera_id);
  const base::MutexLock lock(mutex_);
  const base::MonoTime now = clock_.Now();
  Times& times = is_configured ? configured_ : others_;
  if (const auto known = times.find(id); known != times.end()) {
    if (now - known->second < every) return false;
    known->second = now;
    return true;
  }
  // Reloads may bring ever new ones.
  if (times.size() >= (is_configured ? kMaxConfigured : kMaxCameras)) {
    times.erase(std::ranges::min_element(times, {}, [](const auto& each) { return each.second; }));
  }
  times.emplace(std::move(id), now);
  return true;
}

}  // namespace sampleproc::process

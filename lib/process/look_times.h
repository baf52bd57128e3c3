// When a detector last looked at each camera, for those that look now and then without motion.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/mutex.h"

namespace sampleproc::process {

// One for all workers; thread-safe. Cameras beyond kMaxCameras push out the one that has waited
// longest, which is then looked at again. Configured cameras are beside those.
class LookTimes {
 public:
  static constexpr std::size_t kMaxCameras = 1024;
  static constexpr std::size_t kMaxConfigured = 20'000;

  explicit LookTimes(const base::Clock& clock) : clock_(clock) {}

  // Whether `every` has passed since the last look at all of the camera's picture, or there was
  // none; if so, this is the next one.
  bool IsDue(std::string_view camera_id, bool is_configured, std::chrono::milliseconds every);

 private:
  using Times = std::unordered_map<std::string, base::MonoTime>;

  const base::Clock& clock_;
  base::Mutex mutex_;
  Times configured_ GUARDED_BY(mutex_);
  Times others_ GUARDED_BY(mutex_);
};

}  // namespace sampleproc::process

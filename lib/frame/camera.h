// How the frames of one camera are looked at: found once, where the frame's camera is known, and
// carried along with the frame, so that a reload never changes a frame that is on its way.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "frame/polygon.h"
#include "frame/scene.h"

namespace sampleproc::frame {

// Picks the frames that are looked at, so that there are at most so many a second in the long run.
// One that comes a little early is taken (40 % of an interval), and the next one waits for that
// much longer: or a camera that sends exactly so many would lose every frame that is a little
// early.
class LookPacer {
 public:
  // 0 looks at every frame.
  explicit LookPacer(double per_second)
      : interval_(per_second > 0 ? static_cast<std::int64_t>(1e9 / per_second) : 0) {}

  // Whether the frame of this time is looked at.
  bool IsDue(base::MonoTime now) {
    if (interval_.count() == 0) return true;
    if (any_ && now < next_ - interval_ * 2 / 5) return false;
    next_ = (any_ ? std::max(next_, now) : now) + interval_;
    any_ = true;
    return true;
  }

 private:
  const std::chrono::nanoseconds interval_;
  base::MonoTime next_{};
  bool any_ = false;
};

struct CameraSettings {
  std::vector<std::string> pipeline = {};  // steps in order

  // Detections with a lower confidence are left out. When it is the camera's own, it also counts in
  // place of a detector's.
  double threshold = 0;
  bool own_threshold = false;

  std::vector<std::string> classes = {};  // that are reported; empty: all
  std::vector<Polygon> mask = {};         // nothing inside is motion or a detection
  double fps = 0;                         // frames a second that are looked at, at most; 0: all
  std::chrono::milliseconds max_age{};    // older pulled frames are dropped; 0: never
  Scene scene = {};                       // zones and lines, for events

  bool operator==(const CameraSettings&) const = default;
};

// A camera as its frames carry it. Thread-safe.
class Camera {
 public:
  explicit Camera(CameraSettings settings)
      : settings_(std::move(settings)), pacer_(settings_.fps) {}

  const CameraSettings& settings() const { return settings_; }

  // Whether the frame that comes now is to be looked at.
  bool IsLookDue(base::MonoTime now) const {
    if (settings_.fps <= 0) return true;
    const base::MutexLock lock(mutex_);
    return pacer_.IsDue(now);
  }

 private:
  const CameraSettings settings_;
  mutable base::Mutex mutex_;
  mutable LookPacer pacer_ GUARDED_BY(mutex_);
};

using CameraPtr = std::shared_ptr<const Camera>;

}  // namespace sampleproc::frame

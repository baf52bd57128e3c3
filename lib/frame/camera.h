// How the frames of one camera are looked at: found once, where the frame's camera is known, and
// carried along with the frame, so that a reload never changes a frame that is on its way.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "frame/camera_time.h"
#include "frame/frame_time.h"
#include "frame/polygon.h"
#include "frame/scene.h"

namespace sampleproc::frame {

// Picks the frames that are looked at, so that there are at most so many a second in the long run.
// One that comes a little early is taken (40 % of an interval), and the next one waits for that
// much longer: or a camera that sends exactly so many would lose every frame that is a little
// early. Where the frames' time begins anew (TimeOrder), so does this.
class LookPacer {
 public:
  using Time = TimeOrder::Time;

  // 0 looks at every frame.
  explicit LookPacer(double per_second)
      : interval_(per_second > 0 ? static_cast<std::int64_t>(1e6 / std::max(per_second, kSlowest))
                                 : 0) {}

  // Whether the frame of this time is looked at.
  bool IsDue(Time now) {
    if (interval_.count() == 0) return true;
    if (order_.Take(now) == TimeOrder::Place::kAnew) next_ = granted_ = std::nullopt;
    if (next_ && now < *next_ - interval_ * 2 / 5) return false;
    next_before_ = next_;
    granted_ = now;
    next_ = std::max(next_.value_or(now), now) + interval_;
    return true;
  }

  // The look at the frame of this time, which was due, came to nothing. When it was the last one,
  // another frame is due in its place.
  void GiveBack(Time looked) {
    if (!granted_ || *granted_ != looked) return;
    granted_.reset();
    next_ = next_before_;
  }

 private:
  static constexpr double kSlowest = 1e-6;  // a look in eleven days

  const Time interval_;
  TimeOrder order_;
  std::optional<Time> next_;
  std::optional<Time> granted_;      // to the last look that was not given back
  std::optional<Time> next_before_;  // that look
};

struct CameraSettings {
  bool is_configured = false;              // it has a section of its own
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

  // Of the settings; made when a frame first asks for it, for there may be thousands of cameras.
  const Mask& mask() const {
    const base::MutexLock lock(mutex_);
    if (mask_ == nullptr) mask_ = std::make_unique<const Mask>(settings_.mask);
    return *mask_;
  }

  // Whether a frame of this time is to be looked at. Frames come in their order, and their times
  // are by one clock: the caller's, here.
  bool IsLookDue(LookPacer::Time time) const {
    if (settings_.fps <= 0) return true;
    const base::MutexLock lock(mutex_);
    return pacer_.IsDue(time);
  }

  // The same for a frame that says that it was taken then, and came then (CameraTime); nothing when
  // it is not to be looked at, else its time.
  std::optional<LookPacer::Time> TakeLook(std::optional<LookPacer::Time> said,
                                          std::optional<LookPacer::Time> came) const {
    if (settings_.fps <= 0) return LookPacer::Time(0);
    const base::MutexLock lock(mutex_);
    const LookPacer::Time time = time_.Take(said, came);
    return pacer_.IsDue(time) ? std::optional(time) : std::nullopt;
  }

  // That frame failed: another one is looked at in its place.
  void GiveBackLook(LookPacer::Time time) const {
    if (settings_.fps <= 0) return;
    const base::MutexLock lock(mutex_);
    pacer_.GiveBack(time);
  }

 private:
  const CameraSettings settings_;
  mutable base::Mutex mutex_;
  mutable CameraTime time_ GUARDED_BY(mutex_);
  mutable LookPacer pacer_ GUARDED_BY(mutex_);
  mutable std::unique_ptr<const Mask> mask_ GUARDED_BY(mutex_);  // stays once it is made
};

using CameraPtr = std::shared_ptr<const Camera>;

}  // namespace sampleproc::frame

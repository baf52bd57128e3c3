// How many frames each camera had, and what they failed for. Internal to telemetry/.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/registry.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/mutex.h"
#include "frame/camera_places.h"

namespace sampleproc::telemetry {

// Series of a bounded number of cameras: of each configured one, and of kMost others
// (frame::CameraPlaces). A frame of a camera without a place counts for "_other". A camera that is
// idle gives its place to who comes, and is forgotten after kRemembered in any case; when it comes
// back, its counters begin anew. A login in an id is not shown (net::ShownId). Thread-safe.
class CameraCounts {
 public:
  static constexpr std::size_t kMost = 64;
  static constexpr std::chrono::minutes kIdle{10};
  // Of a camera with a few frames. Longer than a scrape takes to come round: each id that had a
  // place for a moment would be one more series to the monitoring.
  static constexpr std::chrono::seconds kNewIdle{30};
  // SampleprocCameraSilent looks back so far.
  static constexpr std::chrono::hours kRemembered{24};
  static constexpr std::string_view kOther = "_other";

  // `is_configured` may be empty: no camera is. It is called under this object's lock.
  CameraCounts(prometheus::Registry& registry, const base::Clock& clock,
               std::function<bool(const std::string&)> is_configured);

  void Completed(const std::string& camera) EXCLUDES(mutex_);
  // `type` is an error's name.
  void Failed(const std::string& camera, std::string_view type) EXCLUDES(mutex_);

  // Other cameras are configured than before.
  void Reconfigured() EXCLUDES(mutex_);
  void ForgetIdle() EXCLUDES(mutex_);

 private:
  using Family = prometheus::Family<prometheus::Counter>;
  // Takes the series out of its family.
  struct Remover {
    Family* family;
    void operator()(prometheus::Counter* counter) const { family->Remove(counter); }
  };
  using Series = std::unique_ptr<prometheus::Counter, Remover>;
  struct Counts {
    std::string label = {};
    Series completed = {};
    std::map<std::string, Series, std::less<>> failed = {};  // by type
  };

  Counts& CountsOf(const std::string& camera) REQUIRES(mutex_);

  Family& completed_;
  Family& failed_;
  const base::Clock& clock_;
  const std::function<bool(const std::string&)> is_configured_;
  base::Mutex mutex_;
  frame::CameraPlaces<Counts> places_ GUARDED_BY(mutex_){kMost, kIdle, kNewIdle};
  Counts other_ GUARDED_BY(mutex_);
};

}  // namespace sampleproc::telemetry

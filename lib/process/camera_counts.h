// How many frames each camera had, and what they failed for.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "frame/camera_places.h"

namespace sampleproc::process {

// Of a bounded number of cameras: of each configured one, and of kMost others
// (frame::CameraPlaces). A frame of a camera without a place counts for "_other". A camera that is
// idle gives its place to who comes, and is forgotten after kRemembered in any case; when it comes
// back, it is counted anew. A login in an id is not shown (net::ShownId). Thread-safe.
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

  struct Counts {
    std::string camera;
    std::uint64_t completed = 0;
    std::map<std::string, std::uint64_t, std::less<>> failed = {};  // by an error's name
  };

  // `is_configured` may be empty: no camera is. It is called under this object's lock.
  CameraCounts(const base::Clock& clock, std::function<bool(const std::string&)> is_configured)
      : clock_(clock), is_configured_(std::move(is_configured)) {}

  void Completed(const std::string& camera) EXCLUDES(mutex_);
  // `type` is an error's name.
  void Failed(const std::string& camera, std::string_view type) EXCLUDES(mutex_);

  // Other cameras are configured than before.
  void Reconfigured() EXCLUDES(mutex_);

  // By camera; "_other" once something counted for it. Forgets who is idle for too long.
  std::vector<Counts> List() EXCLUDES(mutex_);

 private:
  Counts& CountsOf(const std::string& camera) REQUIRES(mutex_);
  void ForgetIdle() REQUIRES(mutex_);

  const base::Clock& clock_;
  const std::function<bool(const std::string&)> is_configured_;
  base::Mutex mutex_;
  frame::CameraPlaces<Counts> places_ GUARDED_BY(mutex_){
      kMost, kIdle, frame::Newcomers::kReturningFirst, kNewIdle};
  Counts other_ GUARDED_BY(mutex_);  // without a name before the first
};

}  // namespace sampleproc::process

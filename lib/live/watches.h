// All cameras whose pictures the service takes itself.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/mutex.h"
#include "cameras/camera_gauges.h"
#include "cameras/directory.h"
#include "cameras/options.h"
#include "live/camera_watch.h"

namespace sampleproc::live {

// Thread-safe, but for Replace and Stop, which one thread calls.
class Watches {
 public:
  explicit Watches(const WatchContext& context) : context_(context) {}

  // From now on the cameras of `cameras` that have a URL are watched, with the settings that
  // `directory` has. A camera of which nothing has changed goes on; one that has changed is
  // connected to anew, and one that is gone ends.
  void Replace(const cameras::AllOptions& cameras, const cameras::Directory& directory);

  // Takes no more pictures.
  void BeginStop();
  // The same, and frames that are in work are to be ended.
  void Cancel();
  // Waits until no worker has a frame, or `end` has come. After BeginStop.
  void AwaitIdle(const base::Deadline& end);

  // What is known of each, by its id.
  std::vector<cameras::CameraGauges> gauges() const;

 private:
  const WatchContext context_;
  mutable base::Mutex mutex_;
  std::map<std::string, std::shared_ptr<CameraWatch>> watches_ GUARDED_BY(mutex_);
};

}  // namespace sampleproc::live

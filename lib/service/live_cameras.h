// The cameras that the service takes pictures from itself, and where their results go.
#pragma once

#include <string>
#include <vector>

#include "base/deadline.h"
#include "cameras/camera_gauges.h"
#include "cameras/directory.h"
#include "live/logins.h"
#include "live/watches.h"
#include "resources/memory_budget.h"
#include "service/consumer_parts.h"

namespace sampleproc::service {

// Takes pictures from the moment it exists. It ends in this order: BeginStop, AwaitFrames, the end
// of the pool's workers, its destruction, the sinks', the pool's.
class LiveCameras {
 public:
  // Results go to the sinks of `context`. The pictures of `directory`'s cameras that have a URL are
  // taken.
  // Clips of events are given what comes; null: nobody keeps any.
  LiveCameras(const ConsumerContext& context, const cameras::Directory& directory,
              history::Clips* clips);
  ~LiveCameras();

  // Watches what a reload has brought; cameras that have not changed go on.
  void Replace(const cameras::AllOptions& cameras);

  // Takes no more pictures from now on.
  void BeginStop();

  // Waits until no worker has a frame; at `end` those that are in work are to be ended.
  void AwaitFrames(const base::Deadline& end);

  std::vector<cameras::CameraGauges> gauges() const { return watches_.gauges(); }

 private:
  const ConsumerContext context_;
  const cameras::Directory& directory_;
  resources::MemoryBudget memory_;  // of all cameras
  live::Logins logins_;
  live::Watches watches_;
};

}  // namespace sampleproc::service

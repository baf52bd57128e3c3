// The cameras that the service takes pictures from itself, and where their results go.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/error.h"
#include "base/mutex.h"
#include "cameras/directory.h"
#include "consumer/sink_set.h"
#include "live/watches.h"
#include "service/consumer_parts.h"
#include "telemetry/camera_gauges.h"
#include "telemetry/metrics.h"

namespace sampleproc::service {

// Takes pictures from the moment it exists. It ends in this order: BeginStop, AwaitFrames, the end
// of the pool's workers, Finish, its destruction, the consumer's, the pool's.
class LiveCameras {
 public:
  // Results go to `sinks`, which are the consumer's; without a consumer they are null, and
  // consumer.sinks is made here when a camera has a URL. Fails with kConfig when that cannot be.
  static base::Result<std::unique_ptr<LiveCameras>> Start(const ConsumerContext& context,
                                                          const cameras::Directory& directory,
                                                          const consumer::SinkSet* sinks);
  ~LiveCameras();

  // Watches what a reload has brought; cameras that have not changed go on. Fails as Start does.
  base::Result<void> Replace(const cameras::AllOptions& cameras);

  // Takes no more pictures from now on.
  void BeginStop();

  // Waits until no worker has a frame; at `end` those that are in work are to be ended.
  void AwaitFrames(const base::Deadline& end);

  // Delivers results until `end`, where there is no consumer that does. How many are lost, which is
  // logged. Once no worker has a frame.
  std::uint64_t Finish(const base::Deadline& end);

  std::vector<telemetry::CameraGauges> gauges() const { return watches_.gauges(); }
  // Of the sinks that were made here.
  std::vector<telemetry::SinkGauges> sink_gauges() const;

 private:
  class OwnSinks;

  LiveCameras(const ConsumerContext& context, const cameras::Directory& directory,
              const consumer::SinkSet* sinks);
  base::Result<void> MakeSinks() EXCLUDES(mutex_);
  const consumer::SinkSet* sinks() const EXCLUDES(mutex_);
  const OwnSinks* own_sinks() const EXCLUDES(mutex_);
  void Deliver(const frame::FrameResult& result, const std::string& timestamp) const;

  const ConsumerContext context_;
  const cameras::Directory& directory_;
  mutable base::Mutex mutex_;
  std::unique_ptr<OwnSinks> own_sinks_ GUARDED_BY(mutex_);  // null: none yet; made once
  const consumer::SinkSet* sinks_ GUARDED_BY(mutex_);       // null: likewise
  live::Watches watches_;
};

}  // namespace sampleproc::service

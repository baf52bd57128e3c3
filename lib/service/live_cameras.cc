#include "service/live_cameras.h"

#include <utility>

#include "cameras/memory.h"
#include "cameras/roster.h"

namespace sampleproc::service {
namespace {

// The watches tell the roster what comes: of some of it no frame is made.
process::WorkContext OfCameras(process::WorkContext work) {
  work.door = cameras::Roster::kCamera;
  work.tells_roster = true;
  return work;
}

}  // namespace

LiveCameras::LiveCameras(const ConsumerContext& context, const cameras::Directory& directory,
                         history::Clips* clips)
    : context_(context),
      directory_(directory),
      memory_(context.budget, cameras::ShareOfAll(context.budget)),
      watches_({context.pool,
                OfCameras(context.work),
                {context.config.codec, context.config.net, memory_,
                 context.config.process.budget_patience},
                context.ids,
                context.conditions,
                context.log,
                logins_,
                [this](const frame::FrameResult& result, const std::string& timestamp,
                       const base::SpanParent& trace) {
                  context_.sinks.Take(ConsumerSinks::Door::kCamera, result, timestamp,
                                      trace.Context());
                },
                clips,
                context.tracer}) {
  Replace(context.config.cameras);
}

LiveCameras::~LiveCameras() { watches_.BeginStop(); }

void LiveCameras::Replace(const cameras::AllOptions& cameras) {
  watches_.Replace(cameras, directory_);
}

void LiveCameras::BeginStop() {
  context_.sinks.set().Hurry();
  watches_.BeginStop();
}

void LiveCameras::AwaitFrames(const base::Deadline& end) {
  watches_.AwaitIdle(end);
  watches_.Cancel();
}

}  // namespace sampleproc::service

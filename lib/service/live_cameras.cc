#include "service/live_cameras.h"

#include <utility>

#include "cameras/memory.h"
#include "cameras/roster.h"
#include "frame/result_json.h"

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
                [this](const frame::FrameResult& result, const std::string& timestamp,
                       const base::SpanParent& trace) { Deliver(result, timestamp, trace); },
                clips,
                context.tracer}) {
  Replace(context.config.cameras);
}

LiveCameras::~LiveCameras() { watches_.BeginStop(); }

void LiveCameras::Replace(const cameras::AllOptions& cameras) {
  watches_.Replace(cameras, directory_);
}

void LiveCameras::Deliver(const frame::FrameResult& result, const std::string& timestamp,
                          const base::SpanParent& trace) const {
  const consumer::SinkSet& sinks = context_.sinks.set();
  if (sinks.sinks().empty()) return;
  consumer::ResultRecord record{.frame_id = result.frame_id, .json = {}};
  record.camera_id = result.camera_id.value_or("");
  if (const auto context = trace.Context()) {
    record.traceparent = base::FormatTraceparent(*context);
    record.tracestate = context->state;
  }
  frame::AppendMessageJson(
      {.processor_id = context_.config.consumer.processor_id, .timestamp = timestamp}, result,
      {.simulated_gpu = context_.config.process.simulate_gpu}, record.json);
  sinks.Take(record, context_.log);
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

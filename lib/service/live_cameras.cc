#include "service/live_cameras.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "frame/result_json.h"
#include "service/consumer_sinks.h"
#include "service/ticker.h"
#include "service/upstreams.h"

namespace sampleproc::service {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPoll{5};

// The watches tell what comes: of some of it no frame is made.
process::WorkContext WithoutDoor(process::WorkContext work) {
  work.door = {};
  return work;
}

}  // namespace

LiveCameras::LiveCameras(const ConsumerContext& context, const cameras::Directory& directory)
    : context_(context),
      directory_(directory),
      watches_({context.pool,
                WithoutDoor(context.work),
                {context.config.codec, context.config.net, context.budget,
                 context.config.process.budget_patience},
                context.ids,
                context.conditions,
                context.log,
                [this](const frame::FrameResult& result, const std::string& timestamp) {
                  Deliver(result, timestamp);
                }}) {
  Replace(context.config.cameras);
}

LiveCameras::~LiveCameras() { watches_.BeginStop(); }

void LiveCameras::Replace(const cameras::AllOptions& cameras) {
  watches_.Replace(cameras, directory_);
}

void LiveCameras::Deliver(const frame::FrameResult& result, const std::string& timestamp) const {
  const consumer::SinkSet& sinks = context_.sinks.set();
  if (sinks.sinks().empty()) return;
  std::string record;
  frame::AppendMessageJson(
      {.processor_id = context_.config.consumer.processor_id, .timestamp = timestamp}, result,
      {.simulated_gpu = context_.config.process.simulate_gpu}, record);
  sinks.Take({result.frame_id, std::move(record)}, context_.log);
}

void LiveCameras::BeginStop() {
  context_.sinks.set().Hurry();
  watches_.BeginStop();
}

void LiveCameras::AwaitFrames(const base::Deadline& end) {
  while (watches_.working() && !end.Expired()) std::this_thread::sleep_for(kPoll);
  watches_.Cancel();
}

}  // namespace sampleproc::service

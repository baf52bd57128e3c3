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

using base::Result;
using std::chrono::milliseconds;

constexpr milliseconds kPoll{5};
constexpr std::chrono::seconds kLook{1};

bool AnyUrl(const cameras::AllOptions& cameras) {
  return std::ranges::any_of(cameras, [](const auto& each) { return !each.second.url.empty(); });
}

}  // namespace

// Those of consumer.sinks where there is no consumer.
class LiveCameras::OwnSinks {
 public:
  OwnSinks(const ConsumerContext& context, std::string password,
           std::vector<resources::Reservation> rooms)
      : redis_(RedisOf(context.config.consumer)),
        sinks_({context.config,
                ConnectRedis(redis_),
                {redis_.username, std::move(password), redis_.db, RereadPassword(redis_)},
                redis_.results_stream,
                false,
                context.work.clock,
                context.ids,
                context.conditions,
                context.log,
                context.tracer},
               std::move(rooms)),
        watch_(kLook, [this] { sinks_.set().Look(); }) {}

  const consumer::SinkSet& set() const { return sinks_.set(); }
  std::vector<telemetry::SinkGauges> gauges() const { return sinks_.gauges(); }

 private:
  const consumer::RedisOptions redis_;
  const ConsumerSinks sinks_;
  const Ticker watch_;
};

LiveCameras::LiveCameras(const ConsumerContext& context, const cameras::Directory& directory,
                         const consumer::SinkSet* sinks)
    : context_(context),
      directory_(directory),
      sinks_(sinks),
      watches_({context.pool,
                context.work,
                {context.config.codec, context.config.net, context.budget,
                 context.config.process.budget_patience},
                context.ids,
                context.conditions,
                context.log,
                [this](const frame::FrameResult& result, const std::string& timestamp) {
                  Deliver(result, timestamp);
                }}) {}

LiveCameras::~LiveCameras() { watches_.BeginStop(); }

Result<std::unique_ptr<LiveCameras>> LiveCameras::Start(const ConsumerContext& context,
                                                        const cameras::Directory& directory,
                                                        const consumer::SinkSet* sinks) {
  std::unique_ptr<LiveCameras> live(new LiveCameras(context, directory, sinks));
  if (auto begun = live->Replace(context.config.cameras); !begun) {
    return std::unexpected(std::move(begun.error()));
  }
  return live;
}

Result<void> LiveCameras::Replace(const cameras::AllOptions& cameras) {
  if (sinks() == nullptr && AnyUrl(cameras)) {
    if (auto made = MakeSinks(); !made) return made;
  }
  watches_.Replace(cameras, directory_);
  return {};
}

Result<void> LiveCameras::MakeSinks() {
  const consumer::Options& options = context_.config.consumer;
  std::string password;
  if (std::ranges::find(options.sinks, "redis") != options.sinks.end()) {
    auto read = ReadPassword(options.redis, base::Reading::kFirst);
    if (!read) return std::unexpected(std::move(read.error()));
    password = std::move(*read);
  }
  auto rooms = ConsumerSinks::Reserve(options, context_.budget);
  if (!rooms) return std::unexpected(std::move(rooms.error()));
  auto made = std::make_unique<OwnSinks>(context_, std::move(password), std::move(*rooms));
  const base::MutexLock lock(mutex_);
  own_sinks_ = std::move(made);
  sinks_ = &own_sinks_->set();
  return {};
}

void LiveCameras::Deliver(const frame::FrameResult& result, const std::string& timestamp) const {
  const consumer::SinkSet* const sinks = this->sinks();
  if (sinks == nullptr || sinks->sinks().empty()) return;
  std::string record;
  frame::AppendMessageJson(
      {.processor_id = context_.config.consumer.processor_id, .timestamp = timestamp}, result,
      {.simulated_gpu = context_.config.process.simulate_gpu}, record);
  sinks->Take({result.frame_id, std::move(record)}, context_.log);
}

void LiveCameras::BeginStop() {
  if (const OwnSinks* const own = own_sinks()) own->set().Hurry();
  watches_.BeginStop();
}

void LiveCameras::AwaitFrames(const base::Deadline& end) {
  while (watches_.working() && !end.Expired()) std::this_thread::sleep_for(kPoll);
  watches_.Cancel();
}

std::uint64_t LiveCameras::Finish(const base::Deadline& end) {
  const OwnSinks* const own = own_sinks();
  if (own == nullptr) return 0;
  std::uint64_t lost = 0;
  for (const consumer::SinkSet::Left& left : own->set().Flush(end)) {
    context_.log.Error("shutdown: results are lost, their sink does not take them",
                       {{"sink", left.sink}, {"results", static_cast<std::int64_t>(left.records)}});
    lost += left.records;
  }
  return lost;
}

const consumer::SinkSet* LiveCameras::sinks() const {
  const base::MutexLock lock(mutex_);
  return sinks_;
}

// It is made once, and lives as long as this.
const LiveCameras::OwnSinks* LiveCameras::own_sinks() const {
  const base::MutexLock lock(mutex_);
  return own_sinks_.get();
}

std::vector<telemetry::SinkGauges> LiveCameras::sink_gauges() const {
  const OwnSinks* const own = own_sinks();
  return own == nullptr ? std::vector<telemetry::SinkGauges>{} : own->gauges();
}

}  // namespace sampleproc::service

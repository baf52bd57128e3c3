#include "service/consumer_sinks.h"

#include <chrono>
#include <string_view>
#include <utility>

#include "consumer/sinks/file_target.h"
#include "consumer/sinks/log_sink.h"
#include "consumer/sinks/sink_queue.h"
#include "consumer/sinks/stream_target.h"
#include "consumer/sinks/webhook_target.h"
#include "service/upstreams.h"

namespace sampleproc::service {
namespace {

constexpr std::chrono::milliseconds kLongestBackoff{30'000};
constexpr std::string_view kLog = "log";  // the sink that keeps nothing

}  // namespace

base::Result<std::vector<resources::Reservation>> ConsumerSinks::Reserve(
    const consumer::Options& options, resources::MemoryBudget& budget) {
  std::vector<resources::Reservation> rooms;
  for (const std::string& name : options.sinks) {
    if (name == kLog) continue;
    auto room = budget.TryReserve(options.sink_buffer, "a sink");
    if (!room) {
      return base::Fail(
          base::ErrorCode::kConfig,
          "resources.memory_limit has no room for the consumer.sink_buffer of each of "
          "consumer.sinks: lower that, or raise the limit");
    }
    rooms.push_back(std::move(*room));
  }
  return rooms;
}

ConsumerSinks::ConsumerSinks(const SinkContext& context, std::vector<resources::Reservation> rooms)
    : spooled_(context.spooled),
      webhook_(ClientOf(context.config.consumer.webhook.url, context.config.net, context.clock)) {
  const consumer::Options& options = context.config.consumer;
  std::vector<std::unique_ptr<consumer::ResultSink>> sinks;
  auto room = rooms.begin();
  for (const std::string& name : options.sinks) {
    if (name == kLog) {
      sinks.push_back(std::make_unique<consumer::LogSink>(context.log));
      continue;
    }
    sinks.push_back(std::make_unique<consumer::SinkQueue>(
        MakeTarget(name, context), std::move(*room++),
        BackoffOf(options.backoff, kLongestBackoff, context.ids),
        consumer::SinkQueueContext{context.clock, context.conditions, context.log,
                                   context.spooled}));
  }
  set_ = consumer::SinkSet(std::move(sinks));
}

std::unique_ptr<consumer::SinkTarget> ConsumerSinks::MakeTarget(const std::string& name,
                                                                const SinkContext& context) {
  const consumer::Options& options = context.config.consumer;
  if (name == "file") return std::make_unique<consumer::FileTarget>(options.file);
  if (name == "webhook")
    return std::make_unique<consumer::WebhookTarget>(*webhook_, context.tracer);
  return std::make_unique<consumer::StreamTarget>(
      context.connect_redis, context.redis_login, LimitsOf(context.config.net),
      context.results_stream, options.processor_id, context.clock);
}

std::vector<telemetry::SinkGauges> ConsumerSinks::gauges() const {
  std::vector<telemetry::SinkGauges> gauges;
  for (const auto& sink : set_.sinks()) {
    const consumer::SinkCounts counts = sink->counts();
    gauges.push_back({.name = sink->name(),
                      .held = counts.held(),
                      .delivered = counts.delivered,
                      .lost = spooled_ ? 0 : counts.lost,
                      .put_off = spooled_ ? counts.lost : 0,
                      .refused = counts.refused,
                      .failing = counts.failing});
  }
  return gauges;
}

}  // namespace sampleproc::service

#include "service/consumer_sinks.h"

#include <chrono>
#include <utility>

#include "consumer/file_target.h"
#include "consumer/log_sink.h"
#include "consumer/sink_queue.h"
#include "consumer/stream_target.h"
#include "consumer/webhook_target.h"
#include "service/upstreams.h"

namespace sampleproc::service {
namespace {

constexpr std::chrono::milliseconds kLongestBackoff{30'000};

}  // namespace

ConsumerSinks::ConsumerSinks(const SinkContext& context)
    : webhook_(ClientOf(context.config.consumer.webhook.url, context.config.net, context.clock)) {
  std::vector<std::unique_ptr<consumer::ResultSink>> sinks;
  for (const std::string& name : context.config.consumer.sinks) {
    sinks.push_back(Make(name, context));
  }
  set_ = consumer::SinkSet(std::move(sinks));
}

std::unique_ptr<consumer::ResultSink> ConsumerSinks::Make(const std::string& name,
                                                          const SinkContext& context) {
  if (name == "log") return std::make_unique<consumer::LogSink>(context.log);
  const consumer::Options& options = context.config.consumer;
  return std::make_unique<consumer::SinkQueue>(
      MakeTarget(name, context), options.sink_buffer, context.budget,
      BackoffOf(options.backoff, kLongestBackoff, context.ids), context.log);
}

std::unique_ptr<consumer::SinkTarget> ConsumerSinks::MakeTarget(const std::string& name,
                                                                const SinkContext& context) {
  const consumer::Options& options = context.config.consumer;
  if (name == "file") return std::make_unique<consumer::FileTarget>(options.file);
  if (name == "webhook") return std::make_unique<consumer::WebhookTarget>(*webhook_, context.log);
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
                      .lost = counts.lost,
                      .refused = counts.refused,
                      .failing = counts.failing});
  }
  return gauges;
}

}  // namespace sampleproc::service

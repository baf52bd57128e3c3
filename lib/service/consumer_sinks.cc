#include "service/consumer_sinks.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "consumer/sinks/file_target.h"
#include "consumer/sinks/log_sink.h"
#include "consumer/sinks/sink_queue.h"
#include "consumer/sinks/stream_target.h"
#include "consumer/sinks/webhook_target.h"
#include "frame/result_json.h"
#include "service/upstreams.h"

namespace sampleproc::service {
namespace {

constexpr std::chrono::milliseconds kLongestBackoff{30'000};
constexpr std::chrono::seconds kLook{1};
constexpr std::string_view kLog = "log";  // the sink that keeps nothing

bool Has(const std::vector<std::string>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

// The sink itself tells of it with the first result, which may be long in coming.
void WarnOfMissingFolder(const std::string& path, base::Logger& log) {
  std::error_code failed;
  const auto folder = std::filesystem::absolute(path, failed).parent_path();
  if (failed ||
      std::filesystem::status(folder, failed).type() != std::filesystem::file_type::not_found) {
    return;
  }
  const std::string name = folder.string();
  log.Warning("results cannot be written: the folder of consumer.file.path is not there",
              {{"folder", std::string_view(name)}});
}

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

base::Result<std::unique_ptr<ConsumerSinks>> ConsumerSinks::Open(const SinkContext& context) {
  const consumer::Options& options = context.config.consumer;
  std::string password;
  if (Has(options.sinks, "redis") ||
      (options.enabled && options.source == consumer::Source::kRedis)) {
    auto read = ReadRedisPassword(options.redis, context.log);
    if (!read) return std::unexpected(std::move(read.error()));
    password = std::move(*read);
  }
  if (Has(options.sinks, "file")) {
    if (auto usable = consumer::FileTarget::Check(options.file.path); !usable) {
      usable.error().message = "consumer.file.path: " + usable.error().message;
      return std::unexpected(std::move(usable.error()));
    }
    WarnOfMissingFolder(options.file.path, context.log);
  }
  auto rooms = Reserve(options, context.budget);
  if (!rooms) return std::unexpected(std::move(rooms.error()));
  const consumer::RedisOptions redis = RedisOf(options);
  net::RedisLogin login{redis.username, std::move(password), redis.db, RereadPassword(redis)};
  return std::unique_ptr<ConsumerSinks>(
      new ConsumerSinks(context, std::move(login), std::move(*rooms)));
}

ConsumerSinks::ConsumerSinks(const SinkContext& context, net::RedisLogin redis_login,
                             std::vector<resources::Reservation> rooms)
    : log_(context.log),
      processor_id_(context.config.consumer.processor_id),
      simulated_gpu_(context.config.process.simulate_gpu),
      redis_login_(std::move(redis_login)),
      webhook_(ClientOf(context.config.consumer.webhook.url, context.config.net, context.clock)) {
  const consumer::Options& options = context.config.consumer;
  std::vector<std::unique_ptr<consumer::ResultSink>> sinks;
  auto room = rooms.begin();
  for (const std::string& name : options.sinks) {
    if (name == kLog) {
      sinks.push_back(
          std::make_unique<consumer::LogSink>(context.clock, context.conditions, context.log));
      continue;
    }
    sinks.push_back(std::make_unique<consumer::SinkQueue>(
        MakeTarget(name, context), std::move(*room++),
        BackoffOf(options.backoff, kLongestBackoff, context.ids),
        consumer::SinkQueueContext{context.clock, context.conditions, context.log}));
  }
  set_ = consumer::SinkSet(std::move(sinks), {.results = Has(options.deliver, "results"),
                                              .http_results = Has(options.deliver, "http_results"),
                                              .events = Has(options.deliver, "events")});
  watch_.emplace(kLook, [this] { set_.Look(); });
}

std::unique_ptr<consumer::SinkTarget> ConsumerSinks::MakeTarget(const std::string& name,
                                                                const SinkContext& context) {
  const consumer::Options& options = context.config.consumer;
  if (name == "file") return std::make_unique<consumer::FileTarget>(options.file);
  if (name == "webhook")
    return std::make_unique<consumer::WebhookTarget>(*webhook_, context.tracer);
  const consumer::RedisOptions redis = RedisOf(options);
  return std::make_unique<consumer::StreamTarget>(
      ConnectRedis(redis), RedisEndpoint(redis).Name(), redis_login_, LimitsOf(context.config.net),
      redis.results_stream, redis.events_stream, options.processor_id, context.clock);
}

void ConsumerSinks::Take(Door door, const frame::FrameResult& result,
                         const std::optional<std::string>& timestamp,
                         const std::optional<base::TraceContext>& trace) const noexcept {
  if (!set_.TakesResults(door == Door::kHttp)) return;
  try {
    consumer::ResultRecord record{.frame_id = result.frame_id, .json = {}};
    record.camera_id = result.camera_id.value_or("");
    record.by_http = door == Door::kHttp;
    if (trace) {
      record.traceparent = base::FormatTraceparent(*trace);
      record.tracestate = trace->state;
    }
    frame::AppendMessageJson({.processor_id = processor_id_, .timestamp = timestamp}, result,
                             {.simulated_gpu = simulated_gpu_}, record.json);
    set_.Take(record, log_);
  } catch (const std::exception& error) {
    base::ChildLogger(log_, {{"frame_id", std::string_view(result.frame_id)}})
        .Error("a result did not reach the sinks", {{"error", std::string_view(error.what())}});
  }
}

std::uint64_t ConsumerSinks::Deliver(const base::Deadline& end) {
  watch_.reset();
  std::uint64_t lost = 0;
  for (const consumer::SinkSet::Left& left : set_.Flush(end)) {
    if (left.made_again > 0) {
      log_.Warning("shutdown: results that no sink has taken are made again at the next start",
                   {{"sink", left.sink}, {"results", static_cast<std::int64_t>(left.made_again)}});
    }
    if (left.lost > 0) {
      log_.Error("shutdown: results are lost, their sink does not take them",
                 {{"sink", left.sink}, {"results", static_cast<std::int64_t>(left.lost)}});
    }
    lost += left.lost;
  }
  return lost;
}

std::vector<consumer::SinkReading> ConsumerSinks::readings() const {
  std::vector<consumer::SinkReading> readings;
  for (const auto& sink : set_.sinks()) readings.push_back({sink->name(), sink->counts()});
  return readings;
}

}  // namespace sampleproc::service

#include "api/health_handler.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/mutex.h"
#include "json/writer.h"

namespace sampleproc::api {
namespace {

constexpr std::chrono::milliseconds kFreshFor{20};

enum class Status { kHealthy, kDegraded, kUnhealthy };

std::string_view Name(Status status) {
  constexpr std::string_view kNames[] = {"healthy", "degraded", "unhealthy"};
  return kNames[static_cast<std::size_t>(status)];
}

struct Statuses {
  Statuses(const ServiceFacts& facts, const Wishes& wishes) {
    const process::Load& load = facts.load;
    if (facts.starting || facts.draining) service = Status::kUnhealthy;
    if (load.stuck_workers > 0) workers = Status::kUnhealthy;
    if (load.queued_frames * 5 >= load.queue_depth * 4 && load.queue_depth > 0) {
      queue = Status::kDegraded;
    }
    if (facts.budget_used_bytes / 9 >= facts.budget_bytes / 10 && facts.budget_bytes > 0) {
      memory = Status::kDegraded;
    }
    // By what is told, so that neither is degraded without a reason: that no pull has been answered
    // yet is none, and what fails is told a moment after it is seen.
    const bool missing = wishes.consumer_enabled && !facts.consumer;
    const bool told = std::ranges::any_of(facts.conditions, telemetry::condition::IsOfConsumer,
                                          &telemetry::Condition::name);
    if (missing || told || wishes.consumer_off_although_named) consumer = Status::kDegraded;
    if (!facts.conditions.empty()) lasting = Status::kDegraded;
  }
  Status Worst() const { return std::max({service, workers, queue, memory, consumer, lasting}); }

  Status service = Status::kHealthy;
  Status workers = Status::kHealthy;
  Status queue = Status::kHealthy;
  Status memory = Status::kHealthy;
  Status consumer = Status::kHealthy;
  Status lasting = Status::kHealthy;  // of the list of conditions
};

std::string_view State(const ServiceFacts& facts) {
  if (facts.draining) return "draining";
  return facts.starting ? "starting" : "running";
}

// Share of the places for frames, in work and waiting, that are taken.
double CapacityUsed(const process::Load& load) {
  const auto places = load.queue_depth + static_cast<std::size_t>(std::max(load.workers, 0));
  if (places == 0) return 0;
  const auto taken = load.queued_frames + load.active_frames;
  return std::min(1.0, json::RoundTo(static_cast<double>(taken) / static_cast<double>(places), 3));
}

void WriteConsumer(const Wishes& wishes, const ServiceFacts& facts, json::JsonWriter& json) {
  const ConsumerFacts consumer = facts.consumer.value_or(ConsumerFacts{});
  json.Member("enabled", wishes.consumer_enabled);
  json.Member("connected", consumer.connected);
  json.Member("held_frames", consumer.held_frames);
  json.Member("oldest_frame_age_seconds", json::RoundTo(consumer.oldest_frame_age_seconds, 3));
  if (consumer.last_frame_age_seconds) {
    json.Member("last_frame_age_seconds", json::RoundTo(*consumer.last_frame_age_seconds, 3));
  } else {
    json.Key("last_frame_age_seconds");
    json.Null();
  }
  json.Key("failing_sinks");
  json.BeginArray();
  for (const std::string_view sink : facts.failing_sinks) json.String(sink);
  json.EndArray();
}

void WriteComponents(const ServiceFacts& facts, const Wishes& wishes, const Statuses& statuses,
                     json::JsonWriter& json) {
  const process::Load& load = facts.load;
  const auto begin = [&](std::string_view name, Status status) {
    json.Key(name);
    json.BeginObject();
    json.Member("status", Name(status));
  };
  json.Key("components");
  json.BeginObject();
  begin("service", statuses.service);
  json.Member("state", State(facts));
  json.EndObject();
  begin("workers", statuses.workers);
  json.Member("workers", load.workers);
  json.Member("active", load.active_frames);
  json.Member("stuck", load.stuck_workers);
  json.EndObject();
  begin("queue", statuses.queue);
  json.Member("queued", load.queued_frames);
  json.Member("limit", load.queue_depth);
  json.EndObject();
  begin("memory", statuses.memory);
  json.Member("used_bytes", facts.budget_used_bytes);
  json.Member("limit_bytes", facts.budget_bytes);
  json.EndObject();
  begin("consumer", statuses.consumer);
  WriteConsumer(wishes, facts, json);
  json.EndObject();
  begin("gpu", Status::kHealthy);
  json.Member("preferred", wishes.gpu_preferred);
  json.Member("available", false);
  json.EndObject();
  json.EndObject();
}

void WriteCamera(const cameras::CameraGauges& camera, json::JsonWriter& json) {
  json.BeginObject();
  json.Member("connected", camera.connected);
  json.Member("ended", camera.ended);
  json.Member("frames", camera.frames);
  json.Member("looked_at", camera.looked_at);
  json.Member("reconnects", camera.reconnects);
  json.Member("decoder_errors", camera.decoder_errors);
  json.Key("dropped");
  json.BeginObject();
  for (const auto& [reason, count] : camera.dropped) json.Member(reason, count);
  json.EndObject();
  if (camera.last_frame_age_seconds) {
    json.Member("last_frame_age_seconds", json::RoundTo(*camera.last_frame_age_seconds, 3));
  }
  if (camera.width > 0) {
    json.Member("width", camera.width);
    json.Member("height", camera.height);
  }
  if (!camera.error.empty()) json.Member("error", camera.error);
  json.EndObject();
}

void WriteCameras(const std::vector<cameras::CameraGauges>& cameras, json::JsonWriter& json) {
  json.Key("cameras");
  json.BeginObject();
  for (const cameras::CameraGauges& camera : cameras) {
    json.Key(camera.id);
    WriteCamera(camera, json);
  }
  json.EndObject();
}

void WriteDetectors(const ServiceFacts& facts, json::JsonWriter& json) {
  json.Key("detectors");
  json.BeginObject();
  for (const auto& detector : facts.detectors) {
    json.Key(detector->options().name);
    json.BeginObject();
    json.Member("model", detector->model_name());
    json.Member("layout", detector->layout_name());
    json.Member("width", detector->input_shape().width);
    json.Member("height", detector->input_shape().height);
    json.Member("labels", detector->class_names().size());
    json.Member("runtime", detector->runtime());
    json.EndObject();
  }
  json.EndObject();
}

void WriteConditions(const ServiceFacts& facts, json::JsonWriter& json) {
  json.Key("conditions");
  json.BeginArray();
  for (const telemetry::Condition& each : facts.conditions) {
    json.BeginObject();
    json.Member("name", each.name);
    json.Member("subject", each.subject);
    json.Member("reason", each.reason);
    json.Member("since_seconds",
                json::RoundTo(std::chrono::duration<double>(each.lasted).count(), 3));
    json.EndObject();
  }
  json.EndArray();
}

void WriteDetails(const ServiceFacts& facts, const Wishes& wishes,
                  const process::FrameTotals& totals, json::JsonWriter& json) {
  json.Key("details");
  json.BeginObject();
  json.Member("processor_initialized", !facts.starting);
  json.Member("consumer_enabled", wishes.consumer_enabled);
  json.Member("consumer_running", facts.consumer && facts.consumer->running);
  json.Member("frame_buffer_url", "");  // where frames come from is nobody's business
  json.Member("shutting_down", facts.draining);
  json.Key("metrics");
  json.BeginObject();
  json.Member("frames_processed", totals.processed);
  json.Member("frames_failed", totals.failed);
  json.Member("active_frames", facts.load.active_frames);
  json.Member("queued_frames", facts.load.queued_frames);
  json.EndObject();
  json.EndObject();
}

// The last answer, shared by all threads.
class Cache {
 public:
  explicit Cache(HealthContext context) : context_(std::move(context)) {}

  // Shares the text with whoever is sending it.
  http::Response Get() {
    const base::MonoTime now = context_.clock.Now();
    const base::MutexLock lock(mutex_);
    if (!text_ || now >= stale_at_) {
      HealthAnswer answer = MakeHealthAnswer(context_.facts(), context_.metrics.totals(), context_);
      status_ = answer.status;
      text_ = std::make_shared<const std::string>(std::move(answer.json));
      stale_at_ = now + kFreshFor;
    }
    http::Response response = http::JsonResponse(text_);
    response.status = status_;
    return response;
  }

 private:
  const HealthContext context_;
  base::Mutex mutex_;
  http::SharedText text_ GUARDED_BY(mutex_);
  int status_ GUARDED_BY(mutex_) = 200;
  base::MonoTime stale_at_ GUARDED_BY(mutex_){};
};

}  // namespace

HealthAnswer MakeHealthAnswer(const ServiceFacts& facts, const process::FrameTotals& totals,
                              const HealthContext& context) {
  const Statuses statuses(facts, context.wishes);
  HealthAnswer answer;
  answer.status = statuses.Worst() == Status::kUnhealthy ? 503 : 200;
  json::JsonWriter json(answer.json);
  json.BeginObject();
  json.Member("status", Name(statuses.Worst()));
  json.Member("timestamp", base::FormatTimestamp(context.clock.Wall()));
  json.Member("service", context.service_name);
  json.Member("version", context.service_version);
  json.Member("capacity_used", CapacityUsed(facts.load));
  json.Member("frames_processed", totals.processed);
  json.Member("avg_processing_time_ms", json::RoundTo(totals.average_seconds * 1000, 3));
  json.Member("errors_last_minute", totals.failed_last_minute);
  WriteComponents(facts, context.wishes, statuses, json);
  WriteCameras(facts.cameras, json);
  WriteDetectors(facts, json);
  WriteConditions(facts, json);
  WriteDetails(facts, context.wishes, totals, json);
  json.EndObject();
  return answer;
}

http::Handler MakeHealthHandler(HealthContext context) {
  auto cache = std::make_shared<Cache>(std::move(context));
  return [cache](http::Request&, http::Responder respond) { respond.Send(cache->Get()); };
}

}  // namespace sampleproc::api

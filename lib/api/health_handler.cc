#include "api/health_handler.h"

#include <utility>

#include "json/writer.h"

namespace sampleproc::api {

http::Handler MakeHealthHandler(HealthContext context) {
  return [context = std::move(context)](http::Request&, http::Responder respond) {
    const process::WorkerPool::Counts counts = context.pool.counts();
    const process::FrameTracker::Totals totals = context.tracker.totals();
    const auto entered = [&](frame::FrameState state) {
      return totals.entered[static_cast<std::size_t>(state)];
    };
    const bool stopping = context.shutting_down();
    std::string text;
    json::JsonWriter json(text);
    json.BeginObject();
    json.Member("status", stopping ? "unhealthy" : "healthy");
    json.Member("timestamp", base::FormatTimestamp(context.clock.Wall()));
    json.Member("service", context.service_name);
    json.Member("version", context.service_version);
    json.Key("details");
    json.BeginObject();
    json.Member("processor_initialized", true);
    json.Member("consumer_enabled", false);
    json.Member("consumer_running", false);
    json.Member("shutting_down", stopping);
    json.Key("metrics");
    json.BeginObject();
    json.Member("frames_processed", entered(frame::FrameState::kCompleted));
    json.Member("frames_failed", entered(frame::FrameState::kFailed));
    json.Member("active_frames", counts.active);
    json.Member("queued_frames", counts.queued);
    json.EndObject();
    json.EndObject();
    json.EndObject();
    http::Response response = http::JsonResponse(std::move(text));
    if (stopping) response.status = 503;
    respond.Send(std::move(response));
  };
}

http::Handler MakeLivezHandler() {
  return [](http::Request&, http::Responder respond) {
    respond.Send(http::JsonResponse(R"({"status":"alive"})"));
  };
}

http::Handler MakeIndexHandler(const std::string& service_name, const std::string& service_version,
                               const std::vector<std::string>& endpoints) {
  std::string text;
  json::JsonWriter json(text);
  json.BeginObject();
  json.Member("name", service_name);
  json.Member("version", service_version);
  json.Key("endpoints");
  json.BeginArray();
  for (const std::string& endpoint : endpoints) json.String(endpoint);
  json.EndArray();
  json.EndObject();
  return
      [text](http::Request&, http::Responder respond) { respond.Send(http::JsonResponse(text)); };
}

}  // namespace sampleproc::api

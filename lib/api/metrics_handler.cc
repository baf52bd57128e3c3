#include "api/metrics_handler.h"

#include <memory>
#include <utility>

#include "api/rendering.h"
#include "http/accept.h"
#include "http/error_response.h"
#include "json/writer.h"

namespace sampleproc::api {
namespace {

constexpr double kBytesPerMb = 1024.0 * 1024.0;

void WriteProcessor(const process::FrameTotals& totals, json::JsonWriter& json) {
  json.Key("processor_metrics");
  json.BeginObject();
  json.Member("frames_processed", totals.processed);
  json.Member("errors_total", totals.failed);
  json.Member("processing_time_avg", json::RoundTo(totals.average_seconds, 6));
  json.Member("processing_time_min", json::RoundTo(totals.least_seconds, 6));
  json.Member("processing_time_max", json::RoundTo(totals.most_seconds, 6));
  json.Key("error_types");
  json.BeginObject();
  for (const auto& [type, count] : totals.by_error) json.Member(type, count);
  json.EndObject();
  json.EndObject();
}

void WriteStates(const process::FrameTracker& tracker, json::JsonWriter& json) {
  using frame::FrameState;
  const process::FrameTracker::Totals totals = tracker.totals();
  const auto now = tracker.CountByState();
  json.Key("state_statistics");
  json.BeginObject();
  json.Member("total_frames", totals.frames);
  json.Key("state_counts");
  json.BeginObject();
  for (std::size_t i = 0; i < frame::kFrameStates; ++i) {
    const auto state = static_cast<FrameState>(i);
    const bool over = state == FrameState::kCompleted || state == FrameState::kFailed ||
                      state == FrameState::kArchived;
    json.Member(frame::FrameStateName(state),
                over ? totals.entered[i] : static_cast<std::uint64_t>(now[i]));
  }
  json.EndObject();
  json.Key("retry_stats");
  json.BeginObject();
  json.Member("total_retries", totals.retries);
  json.Member("max_retry_count", totals.max_retries);
  json.Member("frames_with_retries", totals.frames_with_retries);
  json.EndObject();
  json.EndObject();
}

void WriteResources(const ServiceFacts& facts, json::JsonWriter& json) {
  const auto used = static_cast<double>(facts.budget_used_bytes);
  const auto limit = static_cast<double>(facts.budget_bytes);
  const auto active = static_cast<int>(facts.load.active_frames);
  json.Key("resource_statistics");
  json.BeginObject();
  json.Member("active_allocations", active);
  json.Member("allocated_cpus", active);
  json.Member("allocated_memory_mb", json::RoundTo(used / kBytesPerMb, 3));
  json.Key("allocated_gpu_memory_mb");
  json.BeginObject();
  json.EndObject();
  json.Member("available_cpus", facts.load.workers - active);
  json.Member("available_memory_mb", json::RoundTo((limit - used) / kBytesPerMb, 3));
  json.EndObject();
}

// One of each format.
struct Renderings {
  explicit Renderings(const MetricsContext& context)
      : text(context.clock, [context] { return context.registry.Text(); }),
        open(context.clock, [context] { return context.registry.OpenMetrics(); }),
        json(context.clock, [context] { return MakeMetricsJson(context); }) {}

  Rendering text;
  Rendering open;
  Rendering json;
};

}  // namespace

std::string MakeMetricsJson(const MetricsContext& context) {
  std::string text;
  json::JsonWriter json(text);
  json.BeginObject();
  WriteProcessor(context.metrics.totals(), json);
  WriteStates(context.tracker, json);
  WriteResources(context.facts(), json);
  json.Member("timestamp", base::FormatTimestamp(context.clock.Wall()));
  json.EndObject();
  return text;
}

http::Handler MakeMetricsHandler(const MetricsContext& context) {
  return [all = std::make_shared<Renderings>(context)](http::Request& request,
                                                       http::Responder respond) {
    const auto accept = request.Find("Accept");
    const double json = http::Quality(accept, "application/json");
    const double text = http::Quality(accept, "text/plain");
    const double open = http::Quality(accept, "application/openmetrics-text");
    http::Response response;
    if (open > text && open > json) {
      response.content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
      response.body = all->open.Get();
    } else if (json > text) {
      response = http::JsonResponse(all->json.Get());
    } else if (text > 0) {
      response.content_type = "text/plain; version=0.0.4; charset=utf-8";
      response.body = all->text.Get();
    } else {
      response = http::ErrorResponse(
          {base::ErrorCode::kNotAcceptable,
           "there is text/plain, application/openmetrics-text and application/json",
           {},
           {}},
          request.path, request.request_id);
    }
    response.AddField("Vary", "Accept");
    respond.Send(std::move(response));
  };
}

}  // namespace sampleproc::api

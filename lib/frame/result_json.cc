#include "frame/result_json.h"

#include <chrono>

#include "json/writer.h"

namespace sampleproc::frame {
namespace {

using json::JsonWriter;

double Share(double value) { return json::RoundTo(value, 6); }

double Milliseconds(std::chrono::nanoseconds time) {
  return json::RoundTo(std::chrono::duration<double, std::milli>(time).count(), 3);
}

void WriteDetections(const std::vector<Detection>& detections, bool with_type, JsonWriter& out) {
  out.Key("detections");
  out.BeginArray();
  for (const Detection& detection : detections) {
    out.BeginObject();
    if (with_type) out.Member("type", detection.class_name);
    out.Member("class", detection.class_name);
    out.Member("confidence", Share(detection.confidence));
    out.Key("bbox");
    out.BeginArray();
    for (const int edge :
         {detection.bbox.x1, detection.bbox.y1, detection.bbox.x2, detection.bbox.y2}) {
      out.Int(edge);
    }
    out.EndArray();
    out.Member("detector", detection.detector);
    if (detection.track_id != 0) out.Member("track_id", detection.track_id);
    out.EndObject();
  }
  out.EndArray();
}

void WriteWarnings(const std::vector<Warning>& warnings, JsonWriter& out) {
  out.Key("warnings");
  out.BeginArray();
  for (const Warning& warning : warnings) {
    out.BeginObject();
    out.Member("type", warning.type);
    out.Member("msg", warning.msg);
    out.EndObject();
  }
  out.EndArray();
}

void WriteStats(const LumaStats& stats, JsonWriter& out) {
  out.Key("stats");
  out.BeginObject();
  out.Member("mean", Share(stats.mean));
  out.Member("stddev", Share(stats.stddev));
  out.Member("min", stats.min);
  out.Member("max", stats.max);
  out.Key("histogram");
  out.BeginArray();
  for (const std::uint64_t count : stats.histogram) out.Int(count);
  out.EndArray();
  out.Member("underexposed", Share(stats.underexposed));
  out.Member("overexposed", Share(stats.overexposed));
  out.Member("sharpness", Share(stats.sharpness));
  out.EndObject();
}

void WriteSteps(const std::vector<StepReport>& steps, bool clock_fields, JsonWriter& out) {
  out.Key("steps");
  out.BeginArray();
  for (const StepReport& step : steps) {
    out.BeginObject();
    out.Member("name", step.name);
    if (!step.skipped.empty()) out.Member("skipped", step.skipped);
    if (clock_fields) out.Member("took_ms", Milliseconds(step.took));
    out.EndObject();
  }
  out.EndArray();
}

void WriteTimes(const FrameTimes& times, JsonWriter& out) {
  out.Key("times_ms");
  out.BeginObject();
  out.Member("queued", Milliseconds(times.queued));
  out.Member("decode", Milliseconds(times.decode));
  out.Member("total", Milliseconds(times.total));
  out.EndObject();
}

void WriteSource(const SourceRef& source, JsonWriter& out) {
  out.Member("source", source.source);
  out.Member("index", source.index);
  if (source.pts) out.Member("pts", json::RoundTo(*source.pts, 6));
}

// What the picture is, and what was looked at in it.
void WritePicture(const FrameResult& result, const ResultJsonOptions& options, JsonWriter& out) {
  out.Member("width", result.width);
  out.Member("height", result.height);
  out.Member("format", result.format);
  out.Member("orientation", result.orientation);
  WriteWarnings(result.warnings, out);
  if (result.stats) WriteStats(*result.stats, out);
  WriteSteps(result.steps, options.clock_fields, out);
}

void WriteText(std::string_view key, const std::optional<std::string_view>& text, JsonWriter& out) {
  out.Key(key);
  text ? out.String(*text) : out.Null();
}

void WriteResult(const FrameResult& result, const ResultJsonOptions& options, JsonWriter& out) {
  out.Member("frame_id", result.frame_id);
  if (result.camera_id) out.Member("camera_id", *result.camera_id);
  WriteDetections(result.detections, false, out);
  out.Member("total_objects", result.detections.size());
  if (options.clock_fields) {
    out.Member("processing_time_ms", Milliseconds(result.times.total));
    out.Member("timestamp", base::FormatTimestamp(result.times.finished));
  }
  WritePicture(result, options, out);
  if (options.clock_fields) WriteTimes(result.times, out);
  if (options.simulated_gpu) out.Member("simulated_gpu", true);
}

}  // namespace

void AppendResultJson(const FrameResult& result, const ResultJsonOptions& options,
                      std::string& out) {
  JsonWriter writer(out);
  writer.BeginObject();
  WriteResult(result, options, writer);
  writer.EndObject();
}

void AppendRecordJson(const SourceRef& source, const FrameResult& result,
                      const ResultJsonOptions& options, std::string& out) {
  JsonWriter writer(out);
  writer.BeginObject();
  WriteSource(source, writer);
  WriteResult(result, options, writer);
  writer.EndObject();
}

void AppendErrorRecordJson(const SourceRef& source, std::string_view frame_id,
                           const base::Error& error, std::string& out) {
  JsonWriter writer(out);
  writer.BeginObject();
  WriteSource(source, writer);
  writer.Member("frame_id", frame_id);
  writer.Key("error");
  writer.BeginObject();
  writer.Member("type", base::ErrorCodeName(error.code));
  writer.Member("message", error.message);
  if (!error.problems.empty()) {
    writer.Key("problems");
    writer.BeginArray();
    for (const base::Problem& problem : error.problems) {
      writer.BeginObject();
      writer.Member("type", problem.type);
      writer.Key("loc");
      writer.BeginArray();
      for (const std::string& step : problem.loc) writer.String(step);
      writer.EndArray();
      writer.Member("msg", problem.msg);
      writer.EndObject();
    }
    writer.EndArray();
  }
  writer.EndObject();
  writer.EndObject();
}

void AppendMessageJson(const MessageRef& message, const FrameResult& result,
                       const ResultJsonOptions& options, std::string& out) {
  using Seconds = std::chrono::duration<double>;
  JsonWriter writer(out);
  writer.BeginObject();
  writer.Member("frame_id", result.frame_id);
  WriteText("camera_id", result.camera_id, writer);
  WriteText("timestamp", message.timestamp, writer);
  writer.Member("processed", true);
  writer.Member("processing_time", Share(Seconds(result.times.total).count()));
  writer.Member("processor_id", message.processor_id);
  writer.Member("processor_timestamp",
                Share(Seconds(result.times.finished.time_since_epoch()).count()));
  writer.Key("sample_metadata");
  writer.BeginObject();
  WritePicture(result, options, writer);
  if (options.simulated_gpu) writer.Member("simulated_gpu", true);
  writer.EndObject();
  WriteDetections(result.detections, true, writer);
  writer.Member("detection_count", result.detections.size());
  writer.EndObject();
}

}  // namespace sampleproc::frame

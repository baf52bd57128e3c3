#include "frame/event.h"

#include "base/ascii.h"
#include "json/writer.h"

namespace sampleproc::frame {
namespace {

using json::JsonWriter;

double Seconds(std::chrono::microseconds time) {
  return json::RoundTo(std::chrono::duration<double>(time).count(), 6);
}

void WriteNames(std::string_view key, const std::vector<std::string>& names, JsonWriter& out) {
  out.Key(key);
  out.BeginArray();
  for (const std::string& name : names) out.String(name);
  out.EndArray();
}

void WriteNumbers(std::initializer_list<int> numbers, JsonWriter& out) {
  out.BeginArray();
  for (const int number : numbers) out.Int(number);
  out.EndArray();
}

}  // namespace

std::string_view EventTypeName(Event::Type type) {
  switch (type) {
    case Event::Type::kNew:
      return "new";
    case Event::Type::kUpdate:
      return "update";
    case Event::Type::kEnd:
      break;
  }
  return "end";
}

std::string SnapshotPath(std::string_view event_id) {
  return "/events/" + base::PercentEncoded(event_id) + "/snapshot.jpg";
}

std::string ClipPath(std::string_view event_id) {
  return "/events/" + base::PercentEncoded(event_id) + "/clip";
}

void AppendEventJson(const Event& event, std::string& out) {
  JsonWriter writer(out);
  writer.BeginObject();
  writer.Member("schema", "sampleproc.event/1");
  writer.Member("event_id", event.event_id);
  writer.Member("type", EventTypeName(event.type));
  writer.Member("camera_id", event.camera_id);
  writer.Member("class", event.class_name);
  writer.Member("confidence", json::RoundTo(event.confidence, 6));
  writer.Member("start", Seconds(event.start));
  writer.Member("time", Seconds(event.time));
  if (event.end) writer.Member("end", Seconds(*event.end));
  writer.Member("frame_id", event.frame_id);
  writer.Member("track_id", event.track_id);
  writer.Key("bbox");
  WriteNumbers({event.bbox.x1, event.bbox.y1, event.bbox.x2, event.bbox.y2}, writer);
  WriteNames("zones", event.zones, writer);
  WriteNames("entered", event.entered, writer);
  WriteNames("left", event.left, writer);
  writer.Key("crossed");
  writer.BeginArray();
  for (const LineCrossing& crossing : event.crossed) {
    writer.BeginObject();
    writer.Member("line", crossing.line);
    writer.Member("direction", crossing.to_right ? "right" : "left");
    writer.EndObject();
  }
  writer.EndArray();
  writer.Member("stationary", event.stationary);
  writer.Key("path");
  writer.BeginArray();
  for (const PathPoint& point : event.path) WriteNumbers({point.x, point.y}, writer);
  writer.EndArray();
  if (event.has_snapshot) writer.Member("snapshot", SnapshotPath(event.event_id));
  if (event.has_clip) writer.Member("clip", ClipPath(event.event_id));
  if (!event.reason.empty()) writer.Member("reason", event.reason);
  writer.EndObject();
}

}  // namespace sampleproc::frame

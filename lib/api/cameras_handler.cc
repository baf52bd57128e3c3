#include "api/cameras_handler.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "api/picture_answer.h"
#include "api/query.h"
#include "base/error.h"
#include "frame/polygon.h"
#include "http/error_response.h"
#include "json/writer.h"

namespace sampleproc::api {
namespace {

using base::ErrorCode;
using json::JsonWriter;

double Seconds(std::chrono::nanoseconds time) {
  return json::RoundTo(std::chrono::duration<double>(time).count(), 3);
}

// The member's value, or null.
template <typename T>
void WriteOrNull(std::string_view key, bool is_there, const T& value, JsonWriter& out) {
  if (is_there) return out.Member(key, value);
  out.Key(key);
  out.Null();
}

using Sources = std::vector<cameras::CameraGauges>;

void WriteSource(const std::string& camera, const Sources& sources, JsonWriter& out) {
  const auto source = std::ranges::find(sources, camera, &cameras::CameraGauges::id);
  out.Key("source");
  if (source == sources.end()) return out.Null();
  out.BeginObject();
  out.Member("connected", source->connected);
  out.Member("ended", source->ended);
  out.Member("reconnects", source->reconnects);
  WriteOrNull("error", !source->error.empty(), source->error, out);
  out.EndObject();
}

void WriteFacts(const cameras::Roster::Entry& camera, const Sources& sources, JsonWriter& out) {
  out.Member("id", camera.id);
  out.Member("configured", camera.configured);
  WriteOrNull("door", !camera.door.empty(), camera.door, out);
  out.Member("frames_in", camera.frames_in);
  out.Member("frames_looked_at", camera.looked_at);
  out.Key("dropped");
  out.BeginObject();
  for (const auto& [reason, frames] : camera.dropped) out.Member(reason, frames);
  out.EndObject();
  out.Member("fps", json::RoundTo(camera.fps, 2));
  WriteOrNull("last_frame_age_seconds", camera.age.has_value(),
              Seconds(camera.age.value_or(std::chrono::nanoseconds(0))), out);
  WriteOrNull("width", camera.width > 0, camera.width, out);
  WriteOrNull("height", camera.height > 0, camera.height, out);
  WriteOrNull("detections", camera.detections.has_value(), camera.detections.value_or(0), out);
  out.Key("last_error");
  if (camera.fault) {
    out.BeginObject();
    out.Member("type", camera.fault->type);
    out.Member("detail", camera.fault->detail);
    out.Member("age_seconds", Seconds(camera.fault->age));
    out.EndObject();
  } else {
    out.Null();
  }
  WriteSource(camera.id, sources, out);
}

void WriteNames(std::string_view key, const std::vector<std::string>& names, JsonWriter& out) {
  out.Key(key);
  out.BeginArray();
  for (const std::string& name : names) out.String(name);
  out.EndArray();
}

void WritePoint(const frame::Point& point, JsonWriter& out) {
  out.BeginArray();
  out.Double(point.x);
  out.Double(point.y);
  out.EndArray();
}

void WritePolygon(const frame::Polygon& polygon, JsonWriter& out) {
  out.BeginArray();
  for (const frame::Point& point : polygon) WritePoint(point, out);
  out.EndArray();
}

// Nothing in here is a secret: it is how frames are looked at, not where they come from.
void WriteSettings(const frame::CameraSettings& settings, JsonWriter& out) {
  out.Key("settings");
  out.BeginObject();
  WriteNames("pipeline", settings.pipeline, out);
  out.Member("threshold", settings.threshold);
  WriteNames("classes", settings.classes, out);
  out.Member("fps", settings.fps);
  out.Member("max_age_seconds", Seconds(settings.max_age));
  out.Key("mask");
  out.BeginArray();
  for (const frame::Polygon& polygon : settings.mask) WritePolygon(polygon, out);
  out.EndArray();
  out.Key("zones");
  out.BeginArray();
  for (const frame::Zone& zone : settings.scene.zones) {
    out.BeginObject();
    out.Member("name", zone.name);
    out.Key("polygon");
    WritePolygon(zone.polygon, out);
    WriteNames("classes", zone.classes, out);
    out.Member("dwell_seconds", Seconds(zone.dwell));
    out.EndObject();
  }
  out.EndArray();
  out.Key("lines");
  out.BeginArray();
  for (const frame::Line& line : settings.scene.lines) {
    out.BeginObject();
    out.Member("name", line.name);
    out.Key("from");
    WritePoint(line.from, out);
    out.Key("to");
    WritePoint(line.to, out);
    WriteNames("classes", line.classes, out);
    out.EndObject();
  }
  out.EndArray();
  out.EndObject();
}

// The camera that the path names.
base::Result<cameras::Roster::Entry> CameraOf(const CamerasContext& context,
                                              const http::Request& request) {
  const auto id = http::PathParameter(request, "id");
  if (!id) return std::unexpected(id.error());
  auto camera = context.roster.Find(*id);
  if (camera) return *std::move(camera);
  return base::Fail(ErrorCode::kNotFound,
                    "no such camera: it is not configured and has sent no frame lately; "
                    "GET /cameras lists those there are");
}

http::Response PictureResponse(const cameras::StillPtr& still, std::string_view known) {
  http::Response response;
  if (!BeginPicture(response, HexEtag(still->number), still->made_wall, known)) return response;
  response.content_type = "image/jpeg";
  response.body = http::SharedText(still, &still->jpeg);  // keeps its memory reserved
  return response;
}

http::Response NoPicture(std::string_view path, std::string_view request_id) {
  return http::ErrorResponse({ErrorCode::kNotFound,
                              "there is no picture of this camera: pictures are made of frames "
                              "that are looked at after somebody has asked, and none has come",
                              {},
                              {}},
                             path, request_id);
}

}  // namespace

http::Handler MakeCamerasHandler(const CamerasContext& context) {
  return [context](http::Request&, http::Responder respond) {
    std::string text;
    JsonWriter json(text);
    json.BeginObject();
    json.Key("cameras");
    json.BeginArray();
    const Sources sources = context.sources();
    for (const cameras::Roster::Entry& camera : context.roster.List()) {
      json.BeginObject();
      WriteFacts(camera, sources, json);
      json.EndObject();
    }
    json.EndArray();
    json.Member("unlisted_frames", context.roster.unlisted_frames());
    json.EndObject();
    respond.Send(http::JsonResponse(std::move(text)));
  };
}

http::Handler MakeCameraHandler(const CamerasContext& context) {
  return [context](http::Request& request, http::Responder respond) {
    const auto camera = CameraOf(context, request);
    if (!camera) {
      return respond.Send(http::ErrorResponse(camera.error(), request.path, request.request_id));
    }
    std::string text;
    JsonWriter json(text);
    json.BeginObject();
    WriteFacts(*camera, context.sources(), json);
    WriteSettings(context.directory.Find(camera->id)->settings(), json);
    json.EndObject();
    respond.Send(http::JsonResponse(std::move(text)));
  };
}

http::Handler MakeLatestHandler(const CamerasContext& context) {
  return [context](http::Request& request, http::Responder respond) {
    const auto camera = CameraOf(context, request);
    constexpr std::string_view kParameters[] = {"annotate"};
    Query query(request.query, kParameters);
    const bool is_annotated = query.Switch("annotate");
    const auto annotated = query.Or(is_annotated);
    if (!camera || !annotated) {
      return respond.Send(http::ErrorResponse(camera ? annotated.error() : camera.error(),
                                              request.path, request.request_id));
    }
    context.stills.Ask(
        camera->id, *annotated, camera->age,
        [respond = std::move(respond),
         known = std::string(request.Find("If-None-Match").value_or("")),
         path = std::string(request.path),
         request_id = request.request_id](const cameras::StillPtr& still) mutable {
          try {
            respond.Send(still ? PictureResponse(still, known) : NoPicture(path, request_id));
          } catch (const std::exception&) {
            // No memory: a responder that is dropped answers 500.
          }
        });
  };
}

}  // namespace sampleproc::api

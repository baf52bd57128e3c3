#include "api/openapi.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "json/writer.h"

namespace sampleproc::api {
namespace {

constexpr std::string_view kAbout =
    "Takes camera frames, decodes them, looks at their pixels and says what it found. Errors are "
    "problem documents (RFC 9457). Limits in numbers are the configuration's; the manual page "
    "sampleproc.toml(5) has their defaults.";

constexpr std::string_view kTags =
    R"([{"name":"frames","description":"What the service is for."},)"
    R"({"name":"cameras","description":"Where frames come from."},)"
    R"({"name":"events","description":"What happens before cameras."},)"
    R"({"name":"operation","description":"For those who run it."}])";

constexpr std::string_view kParameters = R"({
"frame_id":{"name":"frame_id","in":"query","description":"The frame's name; made up when there is none.","schema":{"type":"string","maxLength":256}},
"camera_id":{"name":"camera_id","in":"query","description":"The camera it comes from: motion is seen from one frame of a camera to the next.","schema":{"type":"string","maxLength":256}},
"timestamp":{"name":"timestamp","in":"query","description":"When it was taken: seconds since 1970, or a date and time of ISO 8601. Given back as it is; another text is given back too, but says nothing of its time.","schema":{"type":"string","maxLength":64}},
"format":{"name":"format","in":"query","description":"What the bytes are, needed for raw pixels only.","schema":{"type":"string","maxLength":32}},
"width":{"name":"width","in":"query","description":"Of raw pixels.","schema":{"type":"integer","minimum":1,"maximum":65535}},
"height":{"name":"height","in":"query","description":"Of raw pixels.","schema":{"type":"integer","minimum":1,"maximum":65535}},
"camera":{"name":"id","in":"path","required":true,"description":"The camera's id, percent-encoded.","schema":{"type":"string"}},
"event":{"name":"event_id","in":"path","required":true,"description":"The event's id, percent-encoded.","schema":{"type":"string"}},
"event_camera":{"name":"camera","in":"query","description":"Of this camera only.","schema":{"type":"string","minLength":1}},
"event_class":{"name":"class","in":"query","description":"Of this class only.","schema":{"type":"string","minLength":1}},
"event_type":{"name":"type","in":"query","description":"Of this type only.","schema":{"type":"string","enum":["new","update","end"]}},
"event_zone":{"name":"zone","in":"query","description":"That tell of things in this zone, or entering or leaving it.","schema":{"type":"string","minLength":1}},
"since":{"name":"since","in":"query","description":"Whose time is this or later: a date and time as RFC 3339 has it, or seconds since 1970.","schema":{"type":"string","minLength":1}},
"until":{"name":"until","in":"query","description":"Whose time is this or earlier; not before since.","schema":{"type":"string","minLength":1}},
"limit":{"name":"limit","in":"query","description":"So many at most.","schema":{"type":"integer","minimum":1,"maximum":1000,"default":100}},
"cursor":{"name":"cursor","in":"query","description":"The `next` of the page before.","schema":{"type":"string","pattern":"^[1-9][0-9]*$"}},
"last_event_id":{"name":"last_event_id","in":"query","description":"As the field Last-Event-ID, for clients that cannot send it.","schema":{"type":"string","pattern":"^[1-9][0-9]*$"}},
"last_event_id_field":{"name":"Last-Event-ID","in":"header","description":"The id of the message that the client had last.","schema":{"type":"string"}},
"box":{"name":"annotate","in":"query","description":"1: with its box, its class and how sure it is.","schema":{"type":"string","enum":["0","1"]}},
"crop":{"name":"crop","in":"query","description":"1: only the box, and a quarter of its size around it.","schema":{"type":"string","enum":["0","1"]}},
"range":{"name":"Range","in":"header","description":"One range of bytes: \"bytes=1000-1999\", \"bytes=1000-\", \"bytes=-1000\".","schema":{"type":"string"}},
"annotate":{"name":"annotate","in":"query","description":"1: with boxes drawn; of a frame that is sent, if image/jpeg is acceptable.","schema":{"type":"string","enum":["0","1"]}},
"verbose":{"name":"verbose","in":"query","description":"With the facts behind the answer.","allowEmptyValue":true,"schema":{"type":"string"}},
"traceparent":{"name":"traceparent","in":"header","description":"W3C Trace Context.","schema":{"type":"string"}},
"tracestate":{"name":"tracestate","in":"header","description":"W3C Trace Context.","schema":{"type":"string"}}})";

constexpr std::string_view kRequestBodies = R"({
"Batch":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Batch"}}}},
"Frame":{"required":true,"description":"The frame as JSON with base64, as the bytes of the picture, or as a form.","content":{
"application/json":{"schema":{"$ref":"#/components/schemas/Frame"}},
"image/*":{"schema":{"type":"string","contentMediaType":"image/*"}},
"application/octet-stream":{"schema":{"type":"string","contentMediaType":"application/octet-stream"}},
"application/x-npy":{"schema":{"type":"string","contentMediaType":"application/x-npy"}},
"multipart/form-data":{"schema":{"type":"object","required":["frame"],"properties":{"frame":{"type":"string","contentMediaType":"application/octet-stream"},"metadata":{"$ref":"#/components/schemas/Metadata"}}}}}}})";

constexpr std::string_view kResponses = R"({
"Problem":{"description":"What was wrong, where, and what would be right.","content":{"application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"}}}},
"Busy":{"description":"Not now; Retry-After says when.","headers":{"Retry-After":{"description":"Seconds.","schema":{"type":"integer","minimum":1}}},"content":{"application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"}}}},
"Health":{"description":"The state of the whole and of its parts.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Health"}}}},
"Probe":{"description":"200 is yes, 503 is no.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Probe"}}}}})";

constexpr std::string_view kFrameSchemas = R"(
"Metadata":{"type":"object","description":"What is known of the frame. Null and the empty text mean: not given. Other members are ignored.","properties":{"frame_id":{"type":["string","integer","null"],"maxLength":256},"camera_id":{"type":["string","integer","null"],"maxLength":256},"timestamp":{"type":["string","number","null"],"maxLength":64,"description":"When it was taken: seconds since 1970, or a date and time of ISO 8601."},"format":{"type":["string","null"],"maxLength":32},"width":{"type":["integer","null"],"minimum":1,"maximum":65535},"height":{"type":["integer","null"],"minimum":1,"maximum":65535}}},
"Frame":{"type":"object","description":"Other members are ignored with a warning in the result.","required":["frame_data"],"properties":{"frame_data":{"type":"string","description":"The picture, or its raw pixels.","contentEncoding":"base64","minLength":1},"metadata":{"$ref":"#/components/schemas/Metadata"}}},
"Batch":{"type":"object","required":["frames"],"properties":{"frames":{"type":"array","minItems":1,"items":{"$ref":"#/components/schemas/Frame"}}}},
"Detection":{"type":"object","required":["class","confidence","bbox","detector"],"additionalProperties":false,"properties":{"class":{"type":"string"},"confidence":{"type":"number"},"bbox":{"type":"array","description":"x1, y1, x2, y2 in pixels of the frame.","minItems":4,"maxItems":4,"items":{"type":"integer"}},"detector":{"type":"string"},"track_id":{"type":"integer","minimum":1,"description":"The same for one thing in a camera's frames, by the step track."}}},
"Stats":{"type":"object","required":["mean","stddev","min","max","histogram","underexposed","overexposed","sharpness"],"additionalProperties":false,"properties":{"mean":{"type":"number"},"stddev":{"type":"number"},"min":{"type":"integer"},"max":{"type":"integer"},"histogram":{"type":"array","minItems":64,"maxItems":64,"items":{"type":"integer"}},"underexposed":{"type":"number"},"overexposed":{"type":"number"},"sharpness":{"type":"number"}}},
"Result":{"type":"object","required":["frame_id","detections","total_objects","processing_time_ms","timestamp","width","height","format","orientation","warnings","steps","times_ms"],"properties":{"frame_id":{"type":"string"},"camera_id":{"type":"string"},"detections":{"type":"array","items":{"$ref":"#/components/schemas/Detection"}},"total_objects":{"type":"integer","minimum":0},"processing_time_ms":{"type":"number","minimum":0},"timestamp":{"type":"string","format":"date-time"},"width":{"type":"integer","minimum":1},"height":{"type":"integer","minimum":1},"format":{"type":"string"},"orientation":{"type":"integer","minimum":1,"maximum":8},"warnings":{"type":"array","items":{"type":"object","required":["type","msg"],"properties":{"type":{"type":"string"},"msg":{"type":"string"}}}},"stats":{"$ref":"#/components/schemas/Stats"},"steps":{"type":"array","items":{"type":"object","required":["name","took_ms"],"properties":{"name":{"type":"string"},"skipped":{"type":"string"},"took_ms":{"type":"number","minimum":0}}}},"times_ms":{"type":"object","required":["queued","decode","total"],"properties":{"queued":{"type":"number"},"decode":{"type":"number"},"total":{"type":"number"}}},"simulated_gpu":{"type":"boolean"}}},
"TrackedResult":{"allOf":[{"$ref":"#/components/schemas/Result"},{"type":"object","required":["frame_tracking_enabled","trace_id","traceparent"],"properties":{"frame_tracking_enabled":{"const":true},"trace_id":{"type":"string","pattern":"^[0-9a-f]{32}$"},"traceparent":{"type":"string","pattern":"^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$"},"tracestate":{"type":"string"}}}]},
"FailedFrame":{"type":"object","required":["index","error"],"additionalProperties":false,"properties":{"index":{"type":"integer","minimum":0},"frame_id":{"type":"string"},"error":{"$ref":"#/components/schemas/Problem"}}},
"BatchResult":{"type":"object","required":["results","total","succeeded","failed","processing_time_ms"],"additionalProperties":false,"properties":{"results":{"type":"array","items":{"anyOf":[{"$ref":"#/components/schemas/Result"},{"$ref":"#/components/schemas/FailedFrame"}]}},"total":{"type":"integer","minimum":1},"succeeded":{"type":"integer","minimum":0},"failed":{"type":"integer","minimum":0},"processing_time_ms":{"type":"number","minimum":0}}},
"Problem":{"type":"object","required":["type","title","status","detail","instance","request_id"],"additionalProperties":false,"properties":{"type":{"type":"string","pattern":"^urn:sampleproc:problem:[a-z-]+$"},"title":{"type":"string"},"status":{"type":"integer","minimum":400,"maximum":599},"detail":{"type":"string"},"instance":{"type":"string"},"request_id":{"type":"string"},"frame_id":{"type":"string"},"errors":{"type":"array","items":{"type":"object","required":["type","loc","msg"],"additionalProperties":false,"properties":{"type":{"type":"string"},"loc":{"type":"array","items":{"type":"string"}},"msg":{"type":"string"}}}}}})";

constexpr std::string_view kCameraSchemas = R"(
"CameraFacts":{"type":"object","required":["id","configured","door","frames_in","frames_looked_at","dropped","fps","last_frame_age_seconds","width","height","detections","last_error","source"],"properties":{"id":{"type":"string"},"configured":{"type":"boolean","description":"It has a section [camera.ID]."},"door":{"enum":["http","consumer","camera",null],"description":"By which its last frame came: a request, the consumer, the service's own reader."},"frames_in":{"type":"integer","minimum":0},"frames_looked_at":{"type":"integer","minimum":0},"dropped":{"type":"object","description":"Frames that were not looked at, by the reason's word.","additionalProperties":{"type":"integer","minimum":1}},"fps":{"type":"number","minimum":0,"description":"Frames a second that came in the last ten."},"last_frame_age_seconds":{"type":["number","null"]},"width":{"type":["integer","null"],"minimum":1},"height":{"type":["integer","null"],"minimum":1},"detections":{"type":["integer","null"],"minimum":0,"description":"Of the last frame that was looked at."},"last_error":{"type":["object","null"],"required":["type","detail","age_seconds"],"additionalProperties":false,"properties":{"type":{"type":"string"},"detail":{"type":"string"},"age_seconds":{"type":"number","minimum":0}}},"source":{"type":["object","null"],"description":"Where the service takes its pictures itself.","required":["connected","ended","reconnects","error"],"additionalProperties":false,"properties":{"connected":{"type":"boolean"},"ended":{"type":"boolean","description":"A file that is not to begin again is over."},"reconnects":{"type":"integer","minimum":0},"error":{"type":["string","null"]}}}}},
"Cameras":{"type":"object","required":["cameras","unlisted_frames"],"additionalProperties":false,"properties":{"cameras":{"type":"array","items":{"$ref":"#/components/schemas/CameraFacts"}},"unlisted_frames":{"type":"integer","minimum":0,"description":"Frames whose camera found no place in the list."}}},
"Point":{"type":"array","minItems":2,"maxItems":2,"items":{"type":"number","minimum":0,"maximum":1}},
"Polygon":{"type":"array","items":{"$ref":"#/components/schemas/Point"}},
"CameraSettings":{"allOf":[{"$ref":"#/components/schemas/CameraFacts"},{"type":"object","required":["settings"],"properties":{"settings":{"type":"object","required":["pipeline","threshold","classes","fps","max_age_seconds","mask","zones","lines"],"additionalProperties":false,"properties":{"pipeline":{"type":"array","items":{"type":"string"}},"threshold":{"type":"number"},"classes":{"type":"array","items":{"type":"string"}},"fps":{"type":"number","minimum":0},"max_age_seconds":{"type":"number","minimum":0},"mask":{"type":"array","items":{"$ref":"#/components/schemas/Polygon"}},"zones":{"type":"array","items":{"type":"object","required":["name","polygon","classes","dwell_seconds"],"additionalProperties":false,"properties":{"name":{"type":"string"},"polygon":{"$ref":"#/components/schemas/Polygon"},"classes":{"type":"array","items":{"type":"string"}},"dwell_seconds":{"type":"number","minimum":0}}}},"lines":{"type":"array","items":{"type":"object","required":["name","from","to","classes"],"additionalProperties":false,"properties":{"name":{"type":"string"},"from":{"$ref":"#/components/schemas/Point"},"to":{"$ref":"#/components/schemas/Point"},"classes":{"type":"array","items":{"type":"string"}}}}}}}}}]})";

// Of an event as much as clients of this interface need; config/event.schema.json has the rest.
constexpr std::string_view kEventSchemas = R"(
"Event":{"type":"object","description":"As event.schema.json has it.","required":["schema","event_id","type","camera_id","class","confidence","start","time","frame_id","track_id","bbox","zones","entered","left","crossed","stationary","path"],"properties":{"schema":{"const":"sampleproc.event/1"},"event_id":{"type":"string","minLength":1},"type":{"enum":["new","update","end"]},"camera_id":{"type":"string"},"class":{"type":"string"},"confidence":{"type":"number","minimum":0,"maximum":1},"start":{"type":"number"},"time":{"type":"number"},"end":{"type":"number"},"frame_id":{"type":"string"},"track_id":{"type":"integer","minimum":1},"bbox":{"type":"array","minItems":4,"maxItems":4,"items":{"type":"integer"}},"zones":{"type":"array","items":{"type":"string"}},"entered":{"type":"array","items":{"type":"string"}},"left":{"type":"array","items":{"type":"string"}},"crossed":{"type":"array","items":{"type":"object","required":["line","direction"],"properties":{"line":{"type":"string"},"direction":{"enum":["left","right"]}}}},"stationary":{"type":"boolean"},"path":{"type":"array","items":{"type":"array","minItems":2,"maxItems":2,"items":{"type":"integer"}}},"snapshot":{"type":"string","description":"Path of its picture, where such are kept."},"clip":{"type":"string","description":"Path of its clip, where such are kept: there once it is whole."},"reason":{"type":"string"}}},
"Events":{"type":"object","required":["events","next","latest"],"additionalProperties":false,"properties":{"events":{"type":"array","description":"Newest first.","items":{"$ref":"#/components/schemas/Event"}},"next":{"type":["string","null"],"description":"The cursor of the next page; null when there is none."},"latest":{"type":"string","description":"The number of the last message there is: a stream with it as last_event_id goes on from here."}}},
"EventHistory":{"type":"object","required":["event","events"],"additionalProperties":false,"properties":{"event":{"$ref":"#/components/schemas/Event"},"events":{"type":"array","description":"Oldest first.","minItems":1,"items":{"$ref":"#/components/schemas/Event"}}}})";

constexpr std::string_view kOperationSchemas = R"(
"Health":{"type":"object","required":["status","timestamp","service","version","capacity_used","frames_processed","avg_processing_time_ms","errors_last_minute","components","cameras","details"],"properties":{"status":{"enum":["healthy","degraded","unhealthy"]},"timestamp":{"type":"string","format":"date-time"},"service":{"type":"string"},"version":{"type":"string"},"capacity_used":{"type":"number","minimum":0,"maximum":1},"frames_processed":{"type":"integer","minimum":0},"avg_processing_time_ms":{"type":"number","minimum":0},"errors_last_minute":{"type":"integer","minimum":0},"components":{"type":"object","additionalProperties":{"type":"object","required":["status"],"properties":{"status":{"enum":["healthy","degraded","unhealthy"]}}}},"cameras":{"type":"object","description":"Those whose pictures the service takes itself, by their ids.","additionalProperties":{"$ref":"#/components/schemas/Camera"}},"detectors":{"type":"object","description":"The neural networks of the steps, by the steps' names; runtime is the library that runs it, with its version.","additionalProperties":{"$ref":"#/components/schemas/Detector"}},"details":{"type":"object"}}},
"Detector":{"type":"object","required":["model","layout","width","height","labels","runtime"],"additionalProperties":false,"properties":{"model":{"type":"string","description":"The file's name."},"layout":{"type":"string"},"width":{"type":"integer","minimum":1},"height":{"type":"integer","minimum":1},"labels":{"type":"integer","minimum":1},"runtime":{"type":"string"}}},
"Camera":{"type":"object","description":"Counts since it was connected to first. Without width and height no picture was looked at; error is why it is away.","required":["connected","ended","frames","looked_at","reconnects","decoder_errors","dropped"],"additionalProperties":false,"properties":{"connected":{"type":"boolean"},"ended":{"type":"boolean"},"frames":{"type":"integer","minimum":0},"looked_at":{"type":"integer","minimum":0},"reconnects":{"type":"integer","minimum":0},"decoder_errors":{"type":"integer","minimum":0},"dropped":{"type":"object","additionalProperties":{"type":"integer","minimum":0}},"last_frame_age_seconds":{"type":"number","minimum":0},"width":{"type":"integer","minimum":1},"height":{"type":"integer","minimum":1},"error":{"type":"string"}}},
"Probe":{"type":"object","required":["status"],"properties":{"status":{"enum":["alive","stuck","ready","not ready","started","starting"]},"checks":{"type":"object","required":["started","draining","workers","stuck_workers"],"additionalProperties":false,"properties":{"started":{"type":"boolean"},"draining":{"type":"boolean"},"workers":{"type":"integer"},"stuck_workers":{"type":"integer"}}}}},
"Metrics":{"type":"object","required":["processor_metrics","state_statistics","resource_statistics","timestamp"],"properties":{"processor_metrics":{"type":"object"},"state_statistics":{"type":"object"},"resource_statistics":{"type":"object"},"timestamp":{"type":"string","format":"date-time"}}},
"Index":{"type":"object","required":["name","version","endpoints"],"additionalProperties":false,"properties":{"name":{"type":"string"},"version":{"type":"string"},"endpoints":{"type":"array","items":{"type":"string"}}}})";

std::string Quoted(std::string_view text) {
  std::string quoted;
  json::AppendQuoted(text, quoted);
  return quoted;
}

// "get" for kGet.
std::string LowerName(http::Method method) {
  std::string name(http::MethodName(method));
  std::ranges::transform(name, name.begin(),
                         [](char c) { return static_cast<char>(c - 'A' + 'a'); });
  return name;
}

std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::string Reference(std::string_view kind, std::string_view name) {
  return "{\"$ref\":" + Quoted("#/components/" + std::string(kind) + "/" + std::string(name)) + "}";
}

// The statuses that a request to the route can be refused with, in order.
std::set<std::string> Refusals(const http::Route& route) {
  const std::vector<std::string> own = Words(route.description.refusals);
  std::set<std::string> statuses(own.begin(), own.end());
  statuses.emplace("400");
  if (!route.open) statuses.emplace("401");
  if (!route.unlimited) statuses.insert({"429", "503"});
  return statuses;
}

void AppendOperation(const http::Route& route, std::string& out) {
  const http::Description& own = route.description;
  out += "{\"operationId\":" + Quoted(own.id) + ",\"tags\":[" + Quoted(own.tag) +
         "],\n\"summary\":" + Quoted(own.summary) + ",\n\"description\":" + Quoted(own.text);
  if (route.open) out += ",\n\"security\":[]";
  const char* separator = ",\n\"parameters\":[";
  for (const std::string& name : Words(own.parameters)) {
    out.append(separator).append(Reference("parameters", name));
    separator = ",";
  }
  if (!own.parameters.empty()) out += ']';
  if (!own.body.empty()) out += ",\n\"requestBody\":" + Reference("requestBodies", own.body);
  out.append(",\n\"responses\":{").append(own.answers);
  for (const std::string& status : Refusals(route)) {
    const bool busy = status == "429" || status == "503";
    out += ",\n" + Quoted(status) + ":" + Reference("responses", busy ? "Busy" : "Problem");
  }
  out += "}}";
}

}  // namespace

std::string MakeOpenApi(const std::vector<http::Route>& routes, std::string_view version) {
  std::string out = "{\"openapi\":\"3.1.0\",\n\"info\":{\"title\":\"sampleproc\",\"version\":";
  out += Quoted(version) + ",\n\"description\":" + Quoted(kAbout) +
         ",\n\"license\":{\"name\":\"MIT\",\"identifier\":\"MIT\"},"
         "\"contact\":{\"name\":\"sampleproc\"}},\n"
         "\"servers\":[{\"url\":\"/\"}],\n\"security\":[{},{\"token\":[]}],\n\"tags\":";
  out.append(kTags).append(",\n\"paths\":{");
  const char* separator = "\n";
  for (const http::Route& route : routes) {
    out.append(separator).append(Quoted(route.path)).append(":{");
    out += Quoted(LowerName(route.method)) + ":";
    AppendOperation(route, out);
    out += '}';
    separator = ",\n";
  }
  out +=
      "},\n\"components\":{\"securitySchemes\":{\"token\":{\"type\":\"http\","
      "\"scheme\":\"bearer\",\"description\":\"Asked for with http.auth_tokens_file.\"}},\n"
      "\"parameters\":";
  out.append(kParameters).append(",\n\"requestBodies\":").append(kRequestBodies);
  out.append(",\n\"responses\":").append(kResponses);
  out.append(",\n\"schemas\":{").append(kFrameSchemas).append(",").append(kCameraSchemas);
  out.append(",").append(kEventSchemas);
  out.append(",").append(kOperationSchemas);
  return out + "}}}\n";
}

http::Handler MakeOpenApiHandler(const std::string& document) {
  return [text = std::make_shared<const std::string>(document)](
             http::Request&, http::Responder respond) { respond.Send(http::JsonResponse(text)); };
}

}  // namespace sampleproc::api

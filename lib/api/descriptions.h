// How each endpoint is described in /openapi.json. The components that these texts name are in
// api/openapi.cc; both are held to the endpoints' real answers by tests.
#pragma once

#include <string_view>

#include "http/router.h"

namespace sampleproc::api {

inline constexpr http::Description kProcessDescription = {
    .id = "process",
    .tag = "frames",
    .summary = "Look at one frame",
    .text =
        "Decodes the picture, runs the configured pipeline over it and answers with what was "
        "found. The query describes a picture that is sent by itself; `annotate=1` with "
        "`Accept: image/jpeg` asks for the frame with its boxes drawn.",
    .parameters = "frame_id camera_id timestamp format width height annotate",
    .body = "Frame",
    .answers = R"("200":{"description":"What was found.","content":{)"
               R"("application/json":{"schema":{"$ref":"#/components/schemas/Result"}},)"
               R"("image/jpeg":{"schema":{"type":"string","contentMediaType":"image/jpeg"}}}})",
    .refusals = "406 413 415 422 500 504"};

inline constexpr http::Description kTrackingDescription = {
    .id = "processWithTracking",
    .tag = "frames",
    .summary = "Look at one frame as part of a trace",
    .text =
        "As `/process`, always as JSON, with the trace that the frame belongs to: that of a "
        "sound `traceparent` (W3C Trace Context), else a new one.",
    .parameters = "frame_id camera_id timestamp format width height traceparent tracestate",
    .body = "Frame",
    .answers = R"("200":{"description":"What was found, and in which trace.","content":{)"
               R"("application/json":{"schema":{"$ref":"#/components/schemas/TrackedResult"}}}})",
    .refusals = "406 413 415 422 500 504"};

inline constexpr http::Description kBatchDescription = {
    .id = "processBatch",
    .tag = "frames",
    .summary = "Look at several frames",
    .text =
        "Up to `api.max_batch_frames` frames in one request, a result or an error for each in "
        "its place. A batch counts as its number of frames in the rate limit, all or none.",
    .body = "Batch",
    .answers = R"("200":{"description":"What became of each frame; some or all may have failed.",)"
               R"("content":{"application/json":{)"
               R"("schema":{"$ref":"#/components/schemas/BatchResult"}}}})",
    .refusals = "413 415 422 500 504"};

inline constexpr http::Description kHealthDescription = {
    .id = "health",
    .tag = "operation",
    .summary = "How the service is",
    .text =
        "Its state and that of its parts. Overload is `degraded` and 200; 503 is starting, "
        "draining or without a worker that works.",
    .answers = R"("200":{"$ref":"#/components/responses/Health"},)"
               R"("503":{"$ref":"#/components/responses/Health"})"};

inline constexpr std::string_view kProbeAnswers =
    R"("200":{"$ref":"#/components/responses/Probe"},)"
    R"("503":{"$ref":"#/components/responses/Probe"})";

inline constexpr http::Description kLivezDescription = {
    .id = "livez",
    .tag = "operation",
    .summary = "Whether a restart is not needed",
    .text = "503 only when every worker is stuck.",
    .parameters = "verbose",
    .answers = kProbeAnswers};

inline constexpr http::Description kReadyzDescription = {
    .id = "readyz",
    .tag = "operation",
    .summary = "Whether requests should come",
    .text = "503 while starting, draining or with a stuck worker; overload is no reason.",
    .parameters = "verbose",
    .answers = kProbeAnswers};

inline constexpr http::Description kStartupzDescription = {
    .id = "startupz",
    .tag = "operation",
    .summary = "Whether the service has started",
    .text = "200 once all parts are there, for ever after.",
    .parameters = "verbose",
    .answers = kProbeAnswers};

inline constexpr http::Description kMetricsDescription = {
    .id = "metrics",
    .tag = "operation",
    .summary = "Numbers for Prometheus",
    .text =
        "The Prometheus text format; OpenMetrics, with traces as exemplars, for who prefers "
        "application/openmetrics-text; the original service's JSON for who prefers "
        "application/json.",
    .answers = R"("200":{"description":"The numbers of now.","content":{)"
               R"("text/plain":{"schema":{"type":"string"}},)"
               R"("application/openmetrics-text":{"schema":{"type":"string"}},)"
               R"("application/json":{"schema":{"$ref":"#/components/schemas/Metrics"}}}})",
    .refusals = "406"};

inline constexpr http::Description kCamerasDescription = {
    .id = "cameras",
    .tag = "cameras",
    .summary = "Every camera there is",
    .text =
        "Those that are configured and those that have sent frames lately, by their ids: what came "
        "of each, what was looked at, and why the rest was not.",
    .answers = R"("200":{"description":"What is known of each.","content":{)"
               R"("application/json":{"schema":{"$ref":"#/components/schemas/Cameras"}}}})"};

inline constexpr http::Description kCameraDescription = {
    .id = "camera",
    .tag = "cameras",
    .summary = "One camera and its settings",
    .text = "The same of one of them, with the settings that its next frame is looked at by.",
    .parameters = "camera",
    .answers = R"("200":{"description":"What is known of it.","content":{)"
               R"("application/json":{"schema":{"$ref":"#/components/schemas/CameraSettings"}}}})",
    .refusals = "404 422"};

inline constexpr http::Description kLatestDescription = {
    .id = "latestPicture",
    .tag = "cameras",
    .summary = "A camera's last picture",
    .text =
        "A JPEG of at most 640 pixels a side, with `annotate=1` with its boxes drawn. It is made "
        "of "
        "the camera's next frame when the last one is older than a second; a camera that is silent "
        "is not waited for. There with `http.console` only.",
    .parameters = "camera annotate",
    .answers = R"("200":{"description":"The picture.","headers":{)"
               R"("ETag":{"description":"Another one for each picture.",)"
               R"("schema":{"type":"string"}},)"
               R"("Last-Modified":{"description":"When it was made.",)"
               R"("schema":{"type":"string"}}},"content":{)"
               R"("image/jpeg":{"schema":{"type":"string","contentMediaType":"image/jpeg"}}}},)"
               R"("304":{"description":"The picture is that of If-None-Match."})",
    .refusals = "404 422"};

inline constexpr http::Description kEventsDescription = {
    .id = "events",
    .tag = "events",
    .summary = "What has happened",
    .text =
        "Messages of events from the history, newest first: each event has one `new`, any number "
        "of `update` and one `end`. What has been answered is kept, whatever becomes of the "
        "service. 404 where no history is kept (`events.history`), and where no pipeline has the "
        "step `track`.",
    .parameters = "event_camera event_class event_type event_zone since until limit cursor",
    .answers = R"("200":{"description":"A page of them.","content":{)"
               R"("application/json":{"schema":{"$ref":"#/components/schemas/Events"}}}})",
    .refusals = "404 504"};

inline constexpr http::Description kEventDescription = {
    .id = "event",
    .tag = "events",
    .summary = "One event",
    .text = "Its last message, and all of them, oldest first; of more than 1000 the last.",
    .parameters = "event",
    .answers = R"("200":{"description":"What is known of it.","content":{)"
               R"("application/json":{"schema":{"$ref":"#/components/schemas/EventHistory"}}}})",
    .refusals = "404 422 504"};

inline constexpr http::Description kSnapshotDescription = {
    .id = "eventPicture",
    .tag = "events",
    .summary = "An event's picture",
    .text =
        "The frame in which the thing was found most surely so far, as it came where that was a "
        "JPEG; with `annotate=1` its box is drawn on it, with `crop=1` there is only what is "
        "around the box. 404 says why there is none: none are kept (`events.snapshots`), it was "
        "deleted to keep within `events.snapshots_max_bytes`, `_max_files` or `_max_age`, or it "
        "found no room.",
    .parameters = "event box crop",
    .answers = R"("200":{"description":"The picture.","headers":{)"
               R"("ETag":{"description":"Another one for each picture and view.",)"
               R"("schema":{"type":"string"}},)"
               R"("Last-Modified":{"description":"When it came.",)"
               R"("schema":{"type":"string"}}},"content":{)"
               R"("image/jpeg":{"schema":{"type":"string","contentMediaType":"image/jpeg"}}}},)"
               R"("304":{"description":"The picture is that of If-None-Match."})",
    .refusals = "404 422 504"};

inline constexpr http::Description kClipDescription = {
    .id = "eventClip",
    .tag = "events",
    .summary = "An event's clip",
    .text =
        "What the event's camera sent from `events.clip_before` before it began to "
        "`events.clip_after` after it ended, `events.clip_max` of it at most: a Matroska file of "
        "JPEGs with the time of each, as they came where they came as JPEGs. 404 says why there is "
        "none: none are kept (`events.clips`), it is not whole yet, it was deleted to keep within "
        "`events.clips_max_bytes`, `_max_files` or `_max_age`, or there was no room.",
    .parameters = "event range",
    .answers = R"("200":{"description":"The clip.","headers":{)"
               R"("ETag":{"description":"Another one for each clip.",)"
               R"("schema":{"type":"string"}},)"
               R"("Last-Modified":{"description":"When it was whole.",)"
               R"("schema":{"type":"string"}}},"content":{)"
               R"("video/matroska":{"schema":{"type":"string",)"
               R"("contentMediaType":"video/matroska"}}}},)"
               R"("206":{"description":"The bytes that Range asks for.","content":{)"
               R"("video/matroska":{"schema":{"type":"string",)"
               R"("contentMediaType":"video/matroska"}}}},)"
               R"("304":{"description":"The clip is that of If-None-Match."})",
    .refusals = "404 416 422 504"};

inline constexpr http::Description kEventStreamDescription = {
    .id = "eventStream",
    .tag = "events",
    .summary = "What happens, as it happens",
    .text =
        "Server-sent events: the message's number as `id`, its type as `event`, the message as "
        "`data`, and a comment every 15 s. It begins behind the message that Last-Event-ID "
        "names, so a client that asks again misses none, as far as they are kept. It ends when "
        "the service does or reloads its configuration, and when the client does not read.",
    .parameters = "event_camera event_class last_event_id last_event_id_field",
    .answers = R"("200":{"description":"The stream.","content":{)"
               R"("text/event-stream":{"schema":{"type":"string"}}}})",
    .refusals = "404"};

inline constexpr http::Description kConsoleDescription = {
    .id = "console",
    .tag = "operation",
    .summary = "The status page",
    .text =
        "One page for people: cameras with their last pictures, events as they come, the service's "
        "state. It loads without a token and asks for one when it needs it.",
    .answers = R"("200":{"description":"The page.","content":{)"
               R"("text/html":{"schema":{"type":"string"}}}},)"
               R"("304":{"description":"The page is that of If-None-Match."})"};

inline constexpr http::Description kOpenApiDescription = {
    .id = "openapi",
    .tag = "operation",
    .summary = "This document",
    .text = "Made from the table that requests are routed by.",
    .answers = R"("200":{"description":"An OpenAPI 3.1 document.","content":{)"
               R"("application/json":{"schema":{"type":"object"}}}})"};

inline constexpr http::Description kIndexDescription = {
    .id = "index",
    .tag = "operation",
    .summary = "Name, version and endpoints",
    .text = "What there is to ask for.",
    .answers = R"("200":{"description":"The endpoints.","content":{)"
               R"("application/json":{"schema":{"$ref":"#/components/schemas/Index"}}}})"};

}  // namespace sampleproc::api

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
        "The Prometheus text format; the original service's JSON for who prefers "
        "application/json.",
    .answers = R"("200":{"description":"The numbers of now.","content":{)"
               R"("text/plain":{"schema":{"type":"string"}},)"
               R"("application/json":{"schema":{"$ref":"#/components/schemas/Metrics"}}}})",
    .refusals = "406"};

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

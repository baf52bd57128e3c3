// GET /health: how the service is, for people, orchestrators and load balancers.
#pragma once

#include <string>

#include "api/service_facts.h"
#include "base/clock.h"
#include "http/router.h"
#include "process/metrics.h"

namespace sampleproc::api {

// What is configured, so that nobody takes silence for consent.
struct Wishes {
  bool consumer_enabled = false;
  bool consumer_off_although_named = false;  // an upstream is named and the consumer turned off
  bool gpu_preferred = false;
};

struct HealthContext {
  AskFacts facts;
  const process::Metrics& metrics;
  const base::Clock& clock;
  std::string service_name;
  std::string service_version;
  Wishes wishes = {};
};

// The shape of the original service's answer, what the orchestrator's monitor reads, and parts with
// a status of their own:
//
//   {"status": "healthy" | "degraded" | "unhealthy", "timestamp", "service", "version",
//    "capacity_used": 0..1, "frames_processed", "avg_processing_time_ms", "errors_last_minute",
//    "components": {"service": {"status", "state": "starting" | "running" | "draining"},
//                   "workers": {"status", "workers", "active", "stuck"},
//                   "queue": {"status", "queued", "limit"},
//                   "memory": {"status", "used_bytes", "limit_bytes"},
//                   "consumer": {"status", "enabled", "connected", "held_frames",
//                                "oldest_frame_age_seconds", "last_frame_age_seconds",
//                                "failing_sinks": [name, ...]},
//                   "gpu": {"status", "preferred", "available"}},
//    "cameras": {id: {"connected", "ended", "frames", "looked_at", "reconnects", "decoder_errors",
//                     "dropped": {reason: frames}, "last_frame_age_seconds"?, "width"?, "height"?,
//                     "error"?}, ...},  whose pictures the service takes itself
//    "detectors": {name: {"model": the file's name, "layout", "width", "height": of what the
//    network
//                         takes, "labels": how many, "runtime": "ONNX Runtime 1.28.2"}, ...},
//    "conditions": [{"name", "subject", "reason", "since_seconds"}, ...],
//    "details": {"processor_initialized", "consumer_enabled", "consumer_running",
//                "frame_buffer_url", "shutting_down",
//                "metrics": {"frames_processed", "frames_failed", "active_frames",
//                            "queued_frames"}}}
//
// A part is "degraded" when it is nearly full: four fifths of the queue, nine tenths of the memory;
// the consumer while a condition of its upstream, its frames or its sinks lasts, or when it is off
// although an upstream is named.
// "last_frame_age_seconds" is null before the first frame; whether a silent upstream is a fault is
// for who knows how often frames should come. A GPU is a wish: without one the service is as
// healthy. "conditions" is what is wrong at the moment with what the service depends on
// (telemetry/conditions.h); any of them makes the whole degraded. The whole is as bad as its worst
// part.
struct HealthAnswer {
  int status = 200;  // 503 when unhealthy, 200 else: overload is no reason to be taken out
  std::string json;
};
HealthAnswer MakeHealthAnswer(const ServiceFacts& facts, const process::FrameTotals& totals,
                              const HealthContext& context);

// The answer is made anew when it is older than 20 ms, so that it costs no more than a fixed text
// however often it is asked for.
http::Handler MakeHealthHandler(HealthContext context);

}  // namespace sampleproc::api

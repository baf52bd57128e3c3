// GET /metrics: Prometheus text, or the original service's JSON for whoever accepts only that.
#pragma once

#include <string>

#include "api/service_facts.h"
#include "base/clock.h"
#include "http/router.h"
#include "process/frame_tracker.h"
#include "process/metrics.h"
#include "telemetry/registry.h"

namespace sampleproc::api {

struct MetricsContext {
  AskFacts facts;
  const telemetry::Registry& registry;
  const process::Metrics& metrics;
  const process::FrameTracker& tracker;
  const base::Clock& clock;
};

// The original's document, field by field:
//
//   {"processor_metrics": {"frames_processed", "errors_total", "processing_time_avg",
//                          "processing_time_min", "processing_time_max", "error_types": {}},
//    "state_statistics": {"total_frames", "state_counts": {"RECEIVED", ..., "ARCHIVED"},
//                         "retry_stats": {"total_retries", "max_retry_count",
//                                         "frames_with_retries"}},
//    "resource_statistics": {"active_allocations", "allocated_cpus", "allocated_memory_mb",
//                            "allocated_gpu_memory_mb": {}, "available_cpus",
//                            "available_memory_mb"},
//    "timestamp"}
//
// Times in seconds over the last 100 frames. state_counts: how many of the frames on their way are
// in each state now; COMPLETED, FAILED and ARCHIVED count all that ever were, as nothing is kept of
// them. A CPU is allocated while a worker is at a frame.
std::string MakeMetricsJson(const MetricsContext& context);

// JSON when application/json is more welcome than text/plain, else text; 406 when neither is. Each
// is a Rendering: who asks faster than it can be made shares the last one with others.
http::Handler MakeMetricsHandler(const MetricsContext& context);

}  // namespace sampleproc::api

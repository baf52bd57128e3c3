// GET /health, /livez and /: is it there, is it well, what is it.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "http/router.h"
#include "process/frame_tracker.h"
#include "process/worker_pool.h"

namespace sampleproc::api {

struct HealthContext {
  process::WorkerPool& pool;
  process::FrameTracker& tracker;
  const base::Clock& clock;
  std::string service_name;
  std::string service_version;
  std::function<bool()> shutting_down;  // any thread
};

// The shape of the original service's answer:
//
//   {"status": "healthy" | "unhealthy", "timestamp", "service", "version",
//    "details": {"processor_initialized", "consumer_enabled", "consumer_running", "shutting_down",
//                "metrics": {"frames_processed", "frames_failed", "active_frames",
//                            "queued_frames"}}}
//
// 200 when healthy; while shutting down it is 503 with the same document.
http::Handler MakeHealthHandler(HealthContext context);

// 200 {"status":"alive"} for as long as the process can answer at all.
http::Handler MakeLivezHandler();

// {"name", "version", "endpoints": ["GET /health", ...]}.
http::Handler MakeIndexHandler(const std::string& service_name, const std::string& service_version,
                               const std::vector<std::string>& endpoints);

}  // namespace sampleproc::api

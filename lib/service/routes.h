// Every endpoint there is, on one screen.
#pragma once

#include <string>
#include <vector>

#include "api/cameras_handler.h"
#include "api/clip_handler.h"
#include "api/events_handler.h"
#include "api/health_handler.h"
#include "api/metrics_handler.h"
#include "api/process_handler.h"
#include "api/snapshot_handler.h"
#include "http/router.h"

namespace sampleproc::service {

struct RouteContexts {
  api::ProcessContext process;
  api::HealthContext health;
  api::MetricsContext metrics;
  api::CamerasContext cameras;
  api::EventsContext events;
  api::SnapshotContext snapshots;
  api::ClipContext clips;
};

// What is served besides the rest.
struct RouteChoice {
  bool metrics = true;  // GET /metrics
  bool console = true;  // GET /console, and the cameras' pictures
};

std::vector<http::Route> MakeRoutes(const RouteContexts& contexts, const RouteChoice& choice);

// What GET /openapi.json answers, without a service.
std::string DescribeRoutes(const RouteChoice& choice);

}  // namespace sampleproc::service

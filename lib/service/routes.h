// Every endpoint there is, on one screen.
#pragma once

#include <string>
#include <vector>

#include "api/health_handler.h"
#include "api/metrics_handler.h"
#include "api/process_handler.h"
#include "http/router.h"

namespace sampleproc::service {

struct RouteContexts {
  api::ProcessContext process;
  api::HealthContext health;
  api::MetricsContext metrics;
};

// Without `with_metrics` there is no GET /metrics.
std::vector<http::Route> MakeRoutes(const RouteContexts& contexts, bool with_metrics);

// What GET /openapi.json answers, without a service.
std::string DescribeRoutes(bool with_metrics);

}  // namespace sampleproc::service

// Every endpoint there is, on one screen.
#pragma once

#include <vector>

#include "api/health_handler.h"
#include "api/metrics_handler.h"
#include "api/process_handler.h"
#include "http/router.h"

namespace sampleproc::service {

// Without `with_metrics` there is no GET /metrics.
std::vector<http::Route> MakeRoutes(const api::ProcessContext& process,
                                    const api::HealthContext& health,
                                    const api::MetricsContext& metrics, bool with_metrics);

}  // namespace sampleproc::service

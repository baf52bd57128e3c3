#include "service/routes.h"

#include <string>

#include "api/batch_handler.h"
#include "api/index_handler.h"
#include "api/probe_handlers.h"

namespace sampleproc::service {

std::vector<http::Route> MakeRoutes(const api::ProcessContext& process,
                                    const api::HealthContext& health,
                                    const api::MetricsContext& metrics, bool with_metrics) {
  using http::Method;
  // Whether it needs no token, and whether it is outside the rate limit and answered while
  // draining.
  std::vector<http::Route> routes = {
      {Method::kPost, "/process", api::MakeProcessHandler(process)},
      {Method::kPost, "/process-batch", api::MakeBatchHandler(process)},
      {Method::kPost, "/process-with-tracking", api::MakeTrackingHandler(process)},
      {Method::kGet, "/health", api::MakeHealthHandler(health), true, true},
      {Method::kGet, "/livez", api::MakeLivezHandler(health.facts), true, true},
      {Method::kGet, "/readyz", api::MakeReadyzHandler(health.facts), true, true},
      {Method::kGet, "/startupz", api::MakeStartupzHandler(health.facts), true, true},
  };
  if (with_metrics) {
    routes.push_back({Method::kGet, "/metrics", api::MakeMetricsHandler(metrics), false, true});
  }
  std::vector<std::string> endpoints;
  for (const http::Route& route : routes) {
    endpoints.push_back(std::string(http::MethodName(route.method)) + " " + route.path);
  }
  routes.push_back({Method::kGet, "/",
                    api::MakeIndexHandler(health.service_name, health.service_version, endpoints)});
  return routes;
}

}  // namespace sampleproc::service

#include "service/routes.h"

#include <string>

namespace sampleproc::service {

std::vector<http::Route> MakeRoutes(const api::ProcessContext& process,
                                    const api::HealthContext& health) {
  using http::Method;
  std::vector<http::Route> routes = {
      {Method::kPost, "/process", api::MakeProcessHandler(process)},
      {Method::kGet, "/health", api::MakeHealthHandler(health), true, true},
      {Method::kGet, "/livez", api::MakeLivezHandler(), true, true},
  };
  std::vector<std::string> endpoints;
  for (const http::Route& route : routes) {
    endpoints.push_back(std::string(http::MethodName(route.method)) + " " + route.path);
  }
  routes.push_back({Method::kGet, "/",
                    api::MakeIndexHandler(health.service_name, health.service_version, endpoints)});
  return routes;
}

}  // namespace sampleproc::service

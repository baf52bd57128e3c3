#include "service/routes.h"

#include <functional>
#include <string>

#include "api/batch_handler.h"
#include "api/descriptions.h"
#include "api/index_handler.h"
#include "api/openapi.h"
#include "api/probe_handlers.h"
#include "config/version.h"

namespace sampleproc::service {
namespace {

using http::Method;

// A route that is still without its handler, and what makes that.
struct Row {
  http::Route route;
  std::function<http::Handler(const RouteContexts&)> make = {};
};

// Behind each path: whether it needs no token, and whether it is outside the rate limit and
// answered while draining.
std::vector<Row> Table(bool with_metrics) {
  using C = const RouteContexts&;
  std::vector<Row> rows = {
      {{Method::kPost, "/process", {}, false, false, api::kProcessDescription},
       [](C c) { return api::MakeProcessHandler(c.process); }},
      {{Method::kPost, "/process-batch", {}, false, false, api::kBatchDescription},
       [](C c) { return api::MakeBatchHandler(c.process); }},
      {{Method::kPost, "/process-with-tracking", {}, false, false, api::kTrackingDescription},
       [](C c) { return api::MakeTrackingHandler(c.process); }},
      {{Method::kGet, "/health", {}, true, true, api::kHealthDescription},
       [](C c) { return api::MakeHealthHandler(c.health); }},
      {{Method::kGet, "/livez", {}, true, true, api::kLivezDescription},
       [](C c) { return api::MakeLivezHandler(c.health.facts); }},
      {{Method::kGet, "/readyz", {}, true, true, api::kReadyzDescription},
       [](C c) { return api::MakeReadyzHandler(c.health.facts); }},
      {{Method::kGet, "/startupz", {}, true, true, api::kStartupzDescription},
       [](C c) { return api::MakeStartupzHandler(c.health.facts); }},
  };
  if (with_metrics) {
    rows.push_back({{Method::kGet, "/metrics", {}, false, true, api::kMetricsDescription},
                    [](C c) { return api::MakeMetricsHandler(c.metrics); }});
  }
  rows.push_back(
      {{Method::kGet, "/openapi.json", {}, false, false, api::kOpenApiDescription},
       [with_metrics](C) { return api::MakeOpenApiHandler(DescribeRoutes(with_metrics)); }});
  rows.push_back(
      {{Method::kGet, "/", {}, false, false, api::kIndexDescription}, [with_metrics](C c) {
         std::vector<std::string> endpoints;
         for (const Row& row : Table(with_metrics)) {
           if (row.route.path == "/") continue;
           endpoints.push_back(std::string(http::MethodName(row.route.method)) + " " +
                               row.route.path);
         }
         return api::MakeIndexHandler(c.health.service_name, c.health.service_version, endpoints);
       }});
  return rows;
}

}  // namespace

std::vector<http::Route> MakeRoutes(const RouteContexts& contexts, bool with_metrics) {
  std::vector<http::Route> routes;
  for (Row& row : Table(with_metrics)) {
    row.route.handler = row.make(contexts);
    routes.push_back(std::move(row.route));
  }
  return routes;
}

std::string DescribeRoutes(bool with_metrics) {
  std::vector<http::Route> routes;
  for (Row& row : Table(with_metrics)) routes.push_back(std::move(row.route));
  return api::MakeOpenApi(routes, config::kVersion);
}

}  // namespace sampleproc::service

#include "service/routes.h"

#include <cstddef>
#include <string>

#include "api/batch_handler.h"
#include "api/cameras_handler.h"
#include "api/console_handler.h"
#include "api/descriptions.h"
#include "api/index_handler.h"
#include "api/openapi.h"
#include "api/probe_handlers.h"
#include "config/version.h"

namespace sampleproc::service {
namespace {

using http::Method;

constexpr const char* kConsolePath = "/console";
constexpr const char* kLatestPath = "/cameras/{id}/latest.jpg";

using Contexts = const RouteContexts&;
using Routes = const std::vector<http::Route>&;

// A route that is still without its handler, and what makes that, knowing all routes there are.
struct Row {
  http::Route route;
  http::Handler (*make)(Contexts, Routes);
};

std::vector<Row> Table(const RouteChoice& choice) {
  // Probes need no token; who looks at us is outside the rate limit and answered while draining.
  std::vector<Row> rows = {
      {{.method = Method::kPost,
        .path = "/process",
        .frames = true,
        .description = api::kProcessDescription},
       [](Contexts c, Routes) { return api::MakeProcessHandler(c.process); }},
      {{.method = Method::kPost,
        .path = "/process-batch",
        .frames = true,
        .description = api::kBatchDescription},
       [](Contexts c, Routes) { return api::MakeBatchHandler(c.process); }},
      {{.method = Method::kPost,
        .path = "/process-with-tracking",
        .frames = true,
        .description = api::kTrackingDescription},
       [](Contexts c, Routes) { return api::MakeTrackingHandler(c.process); }},
      {{.method = Method::kGet,
        .path = "/health",
        .open = true,
        .unlimited = true,
        .description = api::kHealthDescription},
       [](Contexts c, Routes) { return api::MakeHealthHandler(c.health); }},
      {{.method = Method::kGet,
        .path = "/livez",
        .open = true,
        .unlimited = true,
        .description = api::kLivezDescription},
       [](Contexts c, Routes) { return api::MakeLivezHandler(c.health.facts); }},
      {{.method = Method::kGet,
        .path = "/readyz",
        .open = true,
        .unlimited = true,
        .description = api::kReadyzDescription},
       [](Contexts c, Routes) { return api::MakeReadyzHandler(c.health.facts); }},
      {{.method = Method::kGet,
        .path = "/startupz",
        .open = true,
        .unlimited = true,
        .description = api::kStartupzDescription},
       [](Contexts c, Routes) { return api::MakeStartupzHandler(c.health.facts); }},
      {{.method = Method::kGet,
        .path = "/metrics",
        .unlimited = true,
        .description = api::kMetricsDescription},
       [](Contexts c, Routes) { return api::MakeMetricsHandler(c.metrics); }},
      {{.method = Method::kGet,
        .path = "/cameras",
        .unlimited = true,
        .description = api::kCamerasDescription},
       [](Contexts c, Routes) { return api::MakeCamerasHandler(c.cameras); }},
      {{.method = Method::kGet,
        .path = "/cameras/{id}",
        .unlimited = true,
        .description = api::kCameraDescription},
       [](Contexts c, Routes) { return api::MakeCameraHandler(c.cameras); }},
      {{.method = Method::kGet,
        .path = kLatestPath,
        .unlimited = true,
        .description = api::kLatestDescription},
       [](Contexts c, Routes) { return api::MakeLatestHandler(c.cameras); }},
      {{.method = Method::kGet,
        .path = "/events",
        .counted = false,
        .description = api::kEventsDescription},
       [](Contexts c, Routes) { return api::MakeEventsHandler(c.events); }},
      {{.method = Method::kGet,
        .path = "/events/stream",
        .counted = false,
        .description = api::kEventStreamDescription},
       [](Contexts c, Routes) { return api::MakeEventStreamHandler(c.events); }},
      {{.method = Method::kGet,
        .path = "/events/{event_id}",
        .counted = false,
        .description = api::kEventDescription},
       [](Contexts c, Routes) { return api::MakeEventHandler(c.events); }},
      {{.method = Method::kGet,
        .path = "/events/{event_id}/snapshot.jpg",
        .counted = false,
        .description = api::kSnapshotDescription},
       [](Contexts c, Routes) { return api::MakeSnapshotHandler(c.snapshots); }},
      {{.method = Method::kGet,
        .path = "/events/{event_id}/clip",
        .description = api::kClipDescription},
       [](Contexts c, Routes) { return api::MakeClipHandler(c.clips); }},
      // It holds nothing of ours, and asks for the token itself: a browser cannot show one.
      {{.method = Method::kGet,
        .path = kConsolePath,
        .open = true,
        .unlimited = true,
        .description = api::kConsoleDescription},
       [](Contexts, Routes) { return api::MakeConsoleHandler(); }},
      {{.method = Method::kGet, .path = "/openapi.json", .description = api::kOpenApiDescription},
       [](Contexts, Routes all) {
         return api::MakeOpenApiHandler(api::MakeOpenApi(all, config::kVersion));
       }},
      {{.method = Method::kGet, .path = "/", .description = api::kIndexDescription},
       [](Contexts c, Routes all) {
         std::vector<std::string> endpoints;
         for (const http::Route& route : all) {
           if (route.path == "/") continue;
           endpoints.push_back(std::string(http::MethodName(route.method)) + " " + route.path);
         }
         return api::MakeIndexHandler(c.health.service_name, c.health.service_version, endpoints);
       }},
  };
  std::erase_if(rows, [&choice](const Row& row) {
    const std::string& path = row.route.path;
    if (path == "/metrics") return !choice.metrics;
    return (path == kConsolePath || path == kLatestPath) && !choice.console;
  });
  return rows;
}

std::vector<http::Route> WithoutHandlers(const std::vector<Row>& rows) {
  std::vector<http::Route> routes;
  routes.reserve(rows.size());
  for (const Row& row : rows) routes.push_back(row.route);
  return routes;
}

}  // namespace

std::vector<http::Route> MakeRoutes(const RouteContexts& contexts, const RouteChoice& choice) {
  const std::vector<Row> rows = Table(choice);
  const std::vector<http::Route> all = WithoutHandlers(rows);
  std::vector<http::Route> routes = all;
  for (std::size_t i = 0; i < rows.size(); ++i) routes[i].handler = rows[i].make(contexts, all);
  return routes;
}

std::string DescribeRoutes(const RouteChoice& choice) {
  return api::MakeOpenApi(WithoutHandlers(Table(choice)), config::kVersion);
}

}  // namespace sampleproc::service

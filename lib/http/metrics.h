// What the server counts: requests, connections and TLS.
#pragma once

#include <functional>

#include "http/server.h"
#include "telemetry/registry.h"

namespace sampleproc::http {

// Thread-safe.
class Metrics {
  telemetry::Section section_;  // first: the rows below are added to it

 public:
  // `server` is asked at each look; it may return nullptr.
  explicit Metrics(telemetry::Registry& registry, std::function<const Server*()> server = {});

  // By method ("_OTHER" where it could not be read), the path of the route ("" without one), scheme
  // and status. The bounds are those of http.server.request.duration in OpenTelemetry's semantic
  // conventions.
  const telemetry::Histograms<4> requests = section_.AddHistograms(
      "http_server_request_duration_seconds", "From the end of a request's head to its answer.",
      {"method", "route", "scheme", "status"},
      {.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10});
};

}  // namespace sampleproc::http

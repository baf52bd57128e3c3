// Counts every request and the time until its answer.
#pragma once

#include "base/clock.h"
#include "http/chain.h"
#include "http/metrics.h"

namespace sampleproc::http {

// By method, route (never the path, which a client may choose), status and scheme. Heads that could
// not be read count with no route.
class RequestMetrics final : public Middleware {
 public:
  // Both must outlive the chain.
  RequestMetrics(const Metrics& metrics, const base::Clock& clock)
      : metrics_(metrics), clock_(clock) {}

  void OnResponse(const Request& request, Response& response) override;

 private:
  const Metrics& metrics_;
  const base::Clock& clock_;
};

}  // namespace sampleproc::http

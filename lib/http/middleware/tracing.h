// One server span for every request that is worth one.
#pragma once

#include <optional>

#include "base/trace_context.h"
#include "http/chain.h"
#include "telemetry/tracer.h"

namespace sampleproc::http {

// The trace that the request says it belongs to, which a malformed or a second traceparent does not
// (W3C Trace Context section 4.3).
std::optional<base::TraceContext> CallersTrace(const Request& request);

// "POST /process" from the end of the head to the answer, by the conventions of OpenTelemetry for
// HTTP servers: a 5xx has failed. The rest of the request's work is under it
// (Request::allowance). Probes, /metrics and paths that there are not have none.
class Tracing final : public Middleware {
 public:
  // `tracer` must outlive the chain.
  explicit Tracing(const telemetry::Tracer& tracer) : tracer_(tracer) {}

  std::optional<Response> OnHead(Request& request) override;
  void OnResponse(const Request& request, Response& response) override;

 private:
  const telemetry::Tracer& tracer_;
};

}  // namespace sampleproc::http

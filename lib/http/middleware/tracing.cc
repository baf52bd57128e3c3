#include "http/middleware/tracing.h"

#include <string>
#include <utility>

#include "http/router.h"

namespace sampleproc::http {

std::optional<base::TraceContext> CallersTrace(const Request& request) {
  std::optional<std::string_view> parent;
  std::string state;
  for (const Field& field : request.fields) {
    if (EqualsIgnoreCase(field.name, "traceparent")) {
      if (parent) return std::nullopt;
      parent = field.value;
    } else if (EqualsIgnoreCase(field.name, "tracestate")) {
      if (!state.empty()) state += ',';
      state += field.value;
    }
  }
  return parent ? base::ParseTrace(*parent, state) : std::nullopt;
}

std::optional<Response> Tracing::OnHead(Request& request) {
  if (request.route == nullptr || request.route->unlimited) return std::nullopt;
  const std::string_view method = MethodName(request.method);
  const std::string name = std::string(method) + ' ' + std::string(request.route->path);
  base::Span span =
      tracer_.Begin(name, base::SpanKind::kServer, CallersTrace(request), request.begun);
  request.allowance.trace = span.parent();
  if (span.recorded()) {
    span.Set("http.request.method", method);
    span.Set("http.route", request.route->path);
    span.Set("url.path", request.path);
    span.Set("url.scheme", request.tls ? "https" : "http");
    span.Set("network.protocol.version", request.minor_version == 0 ? "1.0" : "1.1");
    if (request.local.known) span.Set("server.address", request.local.Text());
    span.Set("sampleproc.request_id", request.request_id);
    if (request.content_length) {
      span.Set("http.request.body.size", static_cast<std::int64_t>(*request.content_length));
    }
  }
  request.span = std::move(span);
  return std::nullopt;
}

void Tracing::OnResponse(const Request& request, Response& response) {
  base::Span& span = request.span;
  if (!span.recorded()) return;
  if (request.caller.address.known) span.Set("client.address", request.caller.address.Text());
  span.Set("http.response.status_code", std::int64_t{response.status});
  span.Set("http.response.body.size", static_cast<std::int64_t>(response.body_bytes().size()));
  if (response.status >= 500) span.Fail(std::to_string(response.status), {});
  span.End();
}

}  // namespace sampleproc::http

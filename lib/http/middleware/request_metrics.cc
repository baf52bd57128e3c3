#include "http/middleware/request_metrics.h"

#include "http/router.h"

namespace sampleproc::http {

void RequestMetrics::OnResponse(const Request& request, Response& response) {
  const bool read = request.begun != base::MonoTime{};
  const std::string_view route =
      request.route == nullptr ? std::string_view("") : request.route->path;
  metrics_.RequestAnswered(read ? MethodName(request.method) : std::string_view(""), route,
                           response.status, request.tls,
                           read ? clock_.Now() - request.begun : std::chrono::nanoseconds(0),
                           request.allowance.trace.Context());
}

}  // namespace sampleproc::http

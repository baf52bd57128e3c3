#include "http/middleware/request_metrics.h"

#include <charconv>
#include <string_view>

#include "http/router.h"

namespace sampleproc::http {

void RequestMetrics::OnResponse(const Request& request, Response& response) {
  const bool read = request.begun != base::MonoTime{};
  const std::string_view method = read ? MethodName(request.method) : "_OTHER";
  const std::string_view route =
      request.route == nullptr ? std::string_view("") : request.route->path;
  char digits[12];
  const auto end = std::to_chars(digits, digits + sizeof(digits), response.status).ptr;
  metrics_.requests.Of(method, route, request.tls ? "https" : "http", std::string_view(digits, end))
      .Observe(read ? clock_.Now() - request.begun : std::chrono::nanoseconds(0),
               request.allowance.trace.Context());
}

}  // namespace sampleproc::http

#include "http/middleware/rate_limit.h"

#include <string>

#include "http/error_response.h"
#include "http/router.h"

namespace sampleproc::http {

base::Error OverQuota(const Quota& quota) {
  return {base::ErrorCode::kRateLimited,
          "more than " + std::to_string(quota.limit) +
              " requests in a minute (http.max_requests_per_minute)",
          {},
          quota.wait};
}

std::optional<Response> RateLimit::OnHead(Request& request) {
  if (request.route != nullptr) {
    const bool may_ask = !needs_token_ || request.caller.token;
    if (request.route->unlimited || (!request.route->counted && may_ask)) return std::nullopt;
  }
  const RateLimiter::Verdict verdict = limiter_.Take(request.caller, 1);
  request.quota = verdict.quota;
  if (verdict.allowed) return std::nullopt;
  return ErrorResponse(OverQuota(verdict.quota), request.path, request.request_id);
}

void RateLimit::OnResponse(const Request& request, Response& response) {
  const std::optional<Quota>& quota = response.quota ? response.quota : request.quota;
  if (!quota) return;
  std::string& lines = response.field_lines;
  lines.append("RateLimit-Policy: \"default\";q=").append(std::to_string(quota->limit));
  lines.append(";w=60\r\nRateLimit: \"default\";r=").append(std::to_string(quota->remaining));
  lines.append(";t=").append(std::to_string(quota->wait.count())).append("\r\n");
}

}  // namespace sampleproc::http

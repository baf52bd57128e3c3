// Holds every caller to its quota of requests.
#pragma once

#include "http/chain.h"
#include "http/rate_limiter.h"

namespace sampleproc::http {

// One unit for each request whose route is not `unlimited`, paths that do not exist included; of
// one that is not `counted` for those only who show no token where one is needed. Over
// the quota: 429 with Retry-After. Every answer that the quota applies to says how it stands, in
// the fields of draft-ietf-httpapi-ratelimit-headers-08:
//
//   RateLimit-Policy: "default";q=60;w=60
//   RateLimit: "default";r=59;t=61          59 left; more in 61 seconds
class RateLimit final : public Middleware {
 public:
  // `limiter` must outlive the chain. `needs_token`: whether a token is needed.
  explicit RateLimit(RateLimiter& limiter, bool needs_token = false)
      : limiter_(limiter), needs_token_(needs_token) {}

  std::optional<Response> OnHead(Request& request) override;
  void OnResponse(const Request& request, Response& response) override;

 private:
  RateLimiter& limiter_;
  const bool needs_token_;
};

// The refusal of a request that costs more than is left.
base::Error OverQuota(const Quota& quota);

}  // namespace sampleproc::http

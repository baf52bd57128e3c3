// The same protective fields on every answer, whatever it is.
#pragma once

#include "http/chain.h"

namespace sampleproc::http {

// X-Content-Type-Options, X-Frame-Options, X-XSS-Protection, Referrer-Policy and Cache-Control:
// no-store; over TLS Strict-Transport-Security for a year (RFC 6797). X-XSS-Protection is obsolete
// in browsers and kept because users' checklists ask for it.
class SecurityHeaders final : public Middleware {
 public:
  void OnResponse(const Request& request, Response& response) override;
};

}  // namespace sampleproc::http

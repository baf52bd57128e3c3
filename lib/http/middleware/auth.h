// Lets in only who shows a known token.
#pragma once

#include "http/chain.h"

namespace sampleproc::http {

// 401 with WWW-Authenticate (RFC 6750 section 3) unless client_identity.h has recognised a token or
// the route is `open`. A link of the chain only when tokens are configured.
class Auth final : public Middleware {
 public:
  std::optional<Response> OnHead(Request& request) override;
};

}  // namespace sampleproc::http

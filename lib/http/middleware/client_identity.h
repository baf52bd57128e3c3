// Finds out who asks, for the links behind it.
#pragma once

#include "http/chain.h"
#include "http/client_address.h"
#include "http/token_table.h"

namespace sampleproc::http {

// Sets `request.caller`: the address behind trusted proxies and, when tokens are configured and a
// known one is shown, its number. Refuses nobody.
class ClientIdentity final : public Middleware {
 public:
  // `tokens` is nullptr without tokens; else it must outlive the chain.
  ClientIdentity(TrustedProxies proxies, const TokenTable* tokens)
      : proxies_(std::move(proxies)), tokens_(tokens) {}

  std::optional<Response> OnHead(Request& request) override;

 private:
  const TrustedProxies proxies_;
  const TokenTable* const tokens_;
};

}  // namespace sampleproc::http

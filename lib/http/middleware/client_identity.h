// Finds out who asks, for the links behind it.
#pragma once

#include <functional>
#include <utility>

#include "http/chain.h"
#include "http/client_address.h"
#include "http/token_table.h"

namespace sampleproc::http {

// Sets `request.caller`: the address behind trusted proxies and, when tokens are configured and a
// known one is shown, its number. Refuses nobody.
class ClientIdentity final : public Middleware {
 public:
  // `tokens` is nullptr without tokens; else it must outlive the chain. `on_forwarded`, unless it
  // is empty, is called for each request with X-Forwarded-For from a peer that is not trusted; any
  // thread.
  ClientIdentity(TrustedProxies proxies, const TokenTable* tokens,
                 std::function<void()> on_forwarded = nullptr)
      : proxies_(std::move(proxies)), tokens_(tokens), on_forwarded_(std::move(on_forwarded)) {}

  std::optional<Response> OnHead(Request& request) override;

 private:
  const TrustedProxies proxies_;
  const TokenTable* const tokens_;
  const std::function<void()> on_forwarded_;
};

}  // namespace sampleproc::http

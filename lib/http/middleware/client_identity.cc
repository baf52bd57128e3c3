#include "http/middleware/client_identity.h"

namespace sampleproc::http {

std::optional<Response> ClientIdentity::OnHead(Request& request) {
  request.caller.address = ClientAddress(request.peer, request.fields, proxies_);
  if (on_forwarded_ && !proxies_.Trusts(request.peer) && request.Find("X-Forwarded-For")) {
    on_forwarded_();
  }
  if (tokens_ == nullptr) return std::nullopt;
  const auto authorization = request.Find("Authorization");
  if (!authorization) return std::nullopt;
  if (const auto token = BearerToken(*authorization)) request.caller.token = tokens_->Find(*token);
  return std::nullopt;
}

}  // namespace sampleproc::http

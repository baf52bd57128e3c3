// Whose request it is when proxies stand between us and the client.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/ip_network.h"
#include "http/message.h"

namespace sampleproc::http {

// The proxies whose X-Forwarded-For is believed.
class TrustedProxies {
 public:
  TrustedProxies() = default;

  // Networks ("10.0.0.0/8"), addresses, and "unix" for peers of a unix socket. Fails with kConfig
  // and the place in the list.
  static base::Result<TrustedProxies> Parse(const std::vector<std::string>& texts);

  bool Trusts(const Address& peer) const;

 private:
  std::vector<IpNetwork> networks_;
  bool unix_ = false;
};

// The address that the request comes from. It is the peer's unless the peer is a trusted proxy;
// then X-Forwarded-For is read from its end, where the nearest proxy has written whom it talked to:
// the first address that is not a trusted proxy is the client. What stands further left came from
// the client itself and may be made up. An entry that is no address ends the walk at the proxy that
// reported it; a list of proxies only gives its first entry.
Address ClientAddress(const Address& peer, const std::vector<Field>& fields,
                      const TrustedProxies& trusted);

}  // namespace sampleproc::http

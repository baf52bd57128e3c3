// TLS to a peer: OpenSSL's client side, in one place.
#pragma once

#include <memory>
#include <string>

#include "base/descriptor.h"
#include "net/stream.h"

namespace sampleproc::net {

// Whom to take for the peer.
struct TlsTrust {
  // PEM file: the peer's chain must lead to a certificate in it, which may be the peer's own.
  // Empty: to an authority that this system trusts.
  std::string anchors;
  // The host that the certificate must be for (RFC 6125; also an address). Empty: any, for a peer
  // that `anchors` names by itself.
  std::string name;
  std::string anchors_key;  // the key that `anchors` comes from, for messages
};

// Connects and shakes hands, TLS 1.2 or newer. Fails with kConfig when the anchors cannot be used,
// else as Connect does.
base::Result<std::unique_ptr<Stream>> ConnectTls(const Endpoint& endpoint, const TlsTrust& trust,
                                                 const base::Allowance& allowance);

// The same on a socket that is connected and never blocks.
base::Result<std::unique_ptr<Stream>> StartTlsStream(base::Descriptor socket, const TlsTrust& trust,
                                                     const base::Allowance& allowance);

}  // namespace sampleproc::net

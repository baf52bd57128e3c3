// TLS to a peer whose certificate is known beforehand: OpenSSL's client side, in one place.
#pragma once

#include <memory>
#include <string>

#include "net/stream.h"

namespace sampleproc::net {

// Connects and shakes hands, TLS 1.2 or newer. The peer is trusted when its chain leads to a
// certificate of the PEM file `anchor`, which may be the peer's own; the name in it does not count,
// since the address comes from the same configuration as the file. Fails with kConfig when the file
// cannot be used, else as Connect does.
base::Result<std::unique_ptr<Stream>> ConnectTls(const Endpoint& endpoint,
                                                 const std::string& anchor,
                                                 const base::Deadline& deadline);

}  // namespace sampleproc::net

// TLS with a certificate that is checked, for a library that cannot check one.
#pragma once

#include <cstdint>
#include <memory>
#include <thread>

#include "base/deadline.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "net/stream.h"
#include "net/tls_stream.h"

namespace sampleproc::net {

// A connection to a TLS peer, offered as a port of the loopback: the first who connects there
// speaks to the peer, and nobody after that. On the way through the loopback, which only root can
// read, nothing is encrypted.
//
// Works on a thread of its own, which holds 32 KiB of what is on its way and ends with either side.
class TlsRelay {
 public:
  // Connects to the peer and shakes hands. Fails as ConnectTls does, and with kUnavailable when
  // there is no port or thread to be had.
  static base::Result<std::unique_ptr<TlsRelay>> Open(const Endpoint& peer, const TlsTrust& trust,
                                                      const base::Allowance& allowance);
  // Ends the connection. When its user has closed its side, what was written last still goes to the
  // peer, for at most 300 ms.
  ~TlsRelay();
  TlsRelay(const TlsRelay&) = delete;
  TlsRelay& operator=(const TlsRelay&) = delete;

  // Of 127.0.0.1.
  std::uint16_t port() const { return port_; }

 private:
  TlsRelay() : listener_(-1), stopped_(-1), ended_(-1) {}

  base::Result<void> Listen();
  void Run() noexcept;
  base::Result<void> Relay();
  base::Result<void> AwaitEither(int user) const;

  std::unique_ptr<Stream> peer_;  // the thread's
  int peer_socket_ = -1;          // its
  base::Descriptor listener_;     // the thread's
  base::Descriptor stopped_;      // readable once it is to end
  base::Descriptor ended_;        // readable once it has
  std::uint16_t port_ = 0;
  base::CancelFlag stop_;
  std::thread thread_;
};

}  // namespace sampleproc::net

// A socket that never blocks, with or without TLS.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"
#include "net/tls_session.h"

namespace sampleproc::loadtest {

// Where to connect: an address of a TCP or a Unix socket.
struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  net::TlsContext tls = {};   // null: without TLS
  std::string tls_name = {};  // the host that the certificate must be for; "" = any
};

// Calls return as those of sockets do: a count of bytes, 0 at the end of the stream, or -1 with
// errno, which is EAGAIN when there is nothing to be done now and EPROTO when TLS failed. Used by
// one thread.
class Connection {
 public:
  // Begins to connect; -1 with errno when that failed at once.
  int Open(const Address& address);
  // After the socket has become writable: 0 when it is connected, else the error.
  int ConnectError() const;
  // Shakes hands, once it is connected: 0 when that is done, as at once without TLS. Who sends
  // need not.
  int Handshake();
  void Close() {
    tls_.reset();
    socket_.reset();
  }

  bool has_tls() const { return tls_.has_value(); }
  bool is_open() const { return socket_.get() >= 0; }
  int fd() const { return socket_.get(); }
  ssize_t Send(std::span<const iovec> parts);
  ssize_t Receive(std::span<char> room);

 private:
  base::Descriptor socket_;
  std::optional<net::TlsSession> tls_;  // after the socket: it goes first
};

}  // namespace sampleproc::loadtest

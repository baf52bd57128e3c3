// TLS on a socket that never blocks: for those who drive many connections from one thread.
#pragma once

#include <openssl/ssl.h>
#include <sys/types.h>

#include <memory>
#include <span>
#include <string_view>

#include "base/error.h"
#include "net/tls_stream.h"

namespace sampleproc::net {

using TlsContext = std::shared_ptr<SSL_CTX>;

// What all connections to a peer share. Fails with kConfig when the anchors cannot be used.
base::Result<TlsContext> MakeTlsContext(const TlsTrust& trust);

// A session on the socket `fd`, which stays the caller's; the handshake is yet to come. Null when
// OpenSSL has none to give.
std::unique_ptr<SSL, decltype(&::SSL_free)> StartTls(SSL_CTX& context, int fd,
                                                     const std::string& name);

// One connection's. Calls return as those of sockets do: a count of bytes, 0 at the end of the
// stream, or -1 with errno: EAGAIN when the socket must become ready first, whichever way, EPROTO
// when TLS failed, or the socket's own. The first call shakes hands if
// Handshake has not. Used by one thread.
class TlsSession {
 public:
  TlsSession(SSL_CTX& context, int fd, const std::string& name)
      : session_(StartTls(context, fd, name)) {}

  // Shakes hands now: 0 when that is done.
  int Handshake();
  ssize_t Read(std::span<char> room);
  ssize_t Write(std::string_view bytes);

 private:
  ssize_t Outcome(int result) const;

  std::unique_ptr<SSL, decltype(&::SSL_free)> session_;
};

}  // namespace sampleproc::net

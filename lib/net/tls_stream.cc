#include "net/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "base/descriptor.h"
#include "net/tls_session.h"

namespace sampleproc::net {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

using Session = std::unique_ptr<SSL, decltype(&::SSL_free)>;

// OpenSSL's reason for the last failure of this thread, in its words.
std::string Reason(const SSL* session, const TlsTrust& trust) {
  const long verdict = ::SSL_get_verify_result(session);
  if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    return "its certificate is not for " + trust.name;
  }
  if (verdict != X509_V_OK) {
    const std::string to =
        trust.anchors.empty() ? "an authority that this system trusts" : trust.anchors_key;
    return "its certificate does not lead to " + to + ": " +
           ::X509_verify_cert_error_string(verdict);
  }
  const char* reason = ::ERR_reason_error_string(::ERR_peek_last_error());
  return std::string("TLS: ") + (reason == nullptr ? "the connection was closed" : reason);
}

class TlsStream : public Stream {
 public:
  TlsStream(base::Descriptor socket, TlsContext context, Session session, TlsTrust trust)
      : trust_(std::move(trust)),
        socket_(std::move(socket)),
        context_(std::move(context)),
        session_(std::move(session)) {}

  Result<void> Handshake(const base::Allowance& allowance) {
    const Result<int> done = Try([this] { return ::SSL_connect(session_.get()); }, allowance);
    if (done) return {};
    base::Error error = done.error();
    if (error.code == ErrorCode::kRequestTimeout) {
      error.message = "there is no answer to the TLS handshake: perhaps this port speaks no TLS";
    }
    return std::unexpected(std::move(error));
  }

  Result<void> Write(std::string_view bytes, const base::Allowance& allowance) override {
    while (!bytes.empty()) {
      const int size = static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX));
      const Result<int> sent =
          Try([this, bytes, size] { return ::SSL_write(session_.get(), bytes.data(), size); },
              allowance);
      if (!sent) return std::unexpected(sent.error());
      bytes.remove_prefix(static_cast<std::size_t>(*sent));
    }
    return {};
  }

  Result<std::size_t> Read(std::span<char> room, const base::Allowance& allowance) override {
    const int size = static_cast<int>(std::min<std::size_t>(room.size(), INT_MAX));
    const Result<int> got = Try(
        [this, room, size] { return ::SSL_read(session_.get(), room.data(), size); }, allowance);
    if (!got) return std::unexpected(got.error());
    return static_cast<std::size_t>(*got);
  }

  // By a peek, since a peer may send what is none of the caller's (a session ticket).
  bool Quiet() override {
    ::ERR_clear_error();
    char next = 0;
    const int result = ::SSL_peek(session_.get(), &next, 1);
    return result <= 0 && ::SSL_get_error(session_.get(), result) == SSL_ERROR_WANT_READ;
  }

 private:
  // Repeats `call` until it has done something; 0 is the peer's orderly end.
  template <typename Call>
  Result<int> Try(Call call, const base::Allowance& allowance) {
    while (true) {
      ::ERR_clear_error();
      const int result = call();
      if (result > 0) return result;
      const int saved = errno;
      short events = 0;
      switch (::SSL_get_error(session_.get(), result)) {
        case SSL_ERROR_ZERO_RETURN:
          return 0;
        case SSL_ERROR_WANT_READ:
          events = POLLIN;
          break;
        case SSL_ERROR_WANT_WRITE:
          events = POLLOUT;
          break;
        case SSL_ERROR_SYSCALL:
          return Fail(ErrorCode::kUnavailable, std::strerror(saved == 0 ? ECONNRESET : saved));
        default:
          return Fail(ErrorCode::kUnavailable, Reason(session_.get(), trust_));
      }
      if (Result<void> ready = WaitFor(socket_.get(), events, allowance); !ready) {
        return std::unexpected(ready.error());
      }
    }
  }

  const TlsTrust trust_;
  // The session refers to both; members go in the reverse order.
  const base::Descriptor socket_;
  const TlsContext context_;
  const Session session_;
};

}  // namespace

Result<std::unique_ptr<Stream>> ConnectTls(const Endpoint& endpoint, const TlsTrust& trust,
                                           const base::Allowance& allowance) {
  const Result<int> fd = ConnectSocket(endpoint, allowance);
  if (!fd) return std::unexpected(fd.error());
  return StartTlsStream(base::Descriptor(*fd), trust, allowance);
}

Result<std::unique_ptr<Stream>> StartTlsStream(base::Descriptor socket, const TlsTrust& trust,
                                               const base::Allowance& allowance) {
  Result<TlsContext> context = MakeTlsContext(trust);
  if (!context) return std::unexpected(context.error());
  Session session = StartTls(**context, socket.get(), trust.name);
  if (session == nullptr) return Fail(ErrorCode::kInternal, "TLS cannot be set up");
  auto stream = std::make_unique<TlsStream>(std::move(socket), std::move(*context),
                                            std::move(session), trust);
  if (Result<void> done = stream->Handshake(allowance); !done) {
    return std::unexpected(done.error());
  }
  return stream;
}

}  // namespace sampleproc::net

#include "net/tls_session.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/err.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "base/descriptor.h"
#include "base/text_file.h"

namespace sampleproc::net {
namespace {

using base::ErrorCode;
using base::Fail;

bool IsAddress(const std::string& host) {
  in6_addr room{};
  return ::inet_pton(AF_INET, host.c_str(), &room) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &room) == 1;
}

// Has the certificate checked for the name, and tells the peer which name is meant (RFC 6066).
bool ExpectName(SSL* session, const std::string& name) {
  if (IsAddress(name)) {
    return ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(session), name.c_str()) == 1;
  }
  return ::SSL_set1_host(session, name.c_str()) == 1 &&
         ::SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    const_cast<char*>(name.c_str())) == 1;
}

int Capped(std::size_t size) { return static_cast<int>(std::min<std::size_t>(size, INT_MAX)); }

}  // namespace

base::Result<TlsContext> MakeTlsContext(const TlsTrust& trust) {
  TlsContext context(::SSL_CTX_new(::TLS_client_method()), &::SSL_CTX_free);
  if (context == nullptr) return Fail(ErrorCode::kInternal, "TLS cannot be set up");
  ::SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  ::SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  ::SSL_CTX_set_mode(context.get(),
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // So that a certificate which is no authority's can be the anchor.
  ::X509_VERIFY_PARAM_set_flags(::SSL_CTX_get0_param(context.get()), X509_V_FLAG_PARTIAL_CHAIN);
  if (!trust.anchors.empty() && !base::CanBeReread(trust.anchors)) {
    return Fail(ErrorCode::kConfig,
                trust.anchors_key + " is no regular file, and is read for each connection");
  }
  if (!trust.anchors.empty()) {
    const base::Descriptor readable(::open(trust.anchors.c_str(), O_RDONLY | O_CLOEXEC));
    if (readable.get() < 0) {
      return Fail(ErrorCode::kConfig, trust.anchors_key + " " + trust.anchors +
                                          " cannot be read: " + std::strerror(errno));
    }
  }
  const int loaded = trust.anchors.empty() ? ::SSL_CTX_set_default_verify_paths(context.get())
                                           : ::SSL_CTX_load_verify_locations(
                                                 context.get(), trust.anchors.c_str(), nullptr);
  if (loaded != 1) {
    return Fail(ErrorCode::kConfig,
                trust.anchors_key + " cannot be read as certificates in PEM: " + trust.anchors);
  }
  return context;
}

std::unique_ptr<SSL, decltype(&::SSL_free)> StartTls(SSL_CTX& context, int fd,
                                                     const std::string& name) {
  std::unique_ptr<SSL, decltype(&::SSL_free)> session(::SSL_new(&context), &::SSL_free);
  if (session == nullptr || ::SSL_set_fd(session.get(), fd) != 1 ||
      (!name.empty() && !ExpectName(session.get(), name))) {
    return {nullptr, &::SSL_free};
  }
  ::SSL_set_connect_state(session.get());
  return session;
}

int TlsSession::Handshake() {
  if (session_ == nullptr) {
    errno = ENOMEM;
    return -1;
  }
  ::ERR_clear_error();
  const ssize_t done = Outcome(::SSL_do_handshake(session_.get()));
  if (done == 0) errno = ECONNRESET;  // the peer has ended the stream
  return done > 0 ? 0 : -1;
}

ssize_t TlsSession::Read(std::span<char> room) {
  if (session_ == nullptr) {
    errno = ENOMEM;
    return -1;
  }
  ::ERR_clear_error();
  return Outcome(::SSL_read(session_.get(), room.data(), Capped(room.size())));
}

ssize_t TlsSession::Write(std::string_view bytes) {
  if (session_ == nullptr) {
    errno = ENOMEM;
    return -1;
  }
  ::ERR_clear_error();
  return Outcome(::SSL_write(session_.get(), bytes.data(), Capped(bytes.size())));
}

ssize_t TlsSession::Outcome(int result) const {
  if (result > 0) return result;
  const int saved = errno;
  switch (::SSL_get_error(session_.get(), result)) {
    case SSL_ERROR_ZERO_RETURN:
      return 0;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      errno = EAGAIN;
      return -1;
    case SSL_ERROR_SYSCALL:
      errno = saved == 0 ? ECONNRESET : saved;
      return -1;
    default:
      errno = EPROTO;
      return -1;
  }
}

}  // namespace sampleproc::net

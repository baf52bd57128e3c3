#include "loadtest/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>

namespace sampleproc::loadtest {

int Connection::Open(const Address& address) {
  socket_ = base::Descriptor(
      ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket_.get() < 0) return -1;
  if (address.storage.ss_family != AF_UNIX) {
    const int on = 1;
    (void)::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  if (address.tls != nullptr) tls_.emplace(*address.tls, socket_.get(), address.tls_name);
  // A reinterpretation that the interface of sockets asks for.
  const auto* const peer = reinterpret_cast<const sockaddr*>(&address.storage);
  if (::connect(socket_.get(), peer, address.size) == 0 || errno == EINPROGRESS) return 0;
  return -1;
}

int Connection::ConnectError() const {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

int Connection::Handshake() { return tls_ ? tls_->Handshake() : 0; }

ssize_t Connection::Send(std::span<const iovec> parts) {
  if (tls_) {
    return tls_->Write({static_cast<const char*>(parts[0].iov_base), parts[0].iov_len});
  }
  if (parts.size() == 1) {
    return ::send(socket_.get(), parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL);
  }
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts.data());  // sendmsg(2) only reads it
  message.msg_iovlen = parts.size();
  return ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
}

ssize_t Connection::Receive(std::span<char> room) {
  if (tls_) return tls_->Read(room);
  return ::recv(socket_.get(), room.data(), room.size(), 0);
}

}  // namespace sampleproc::loadtest

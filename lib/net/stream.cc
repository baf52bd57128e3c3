#include "net/stream.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "base/descriptor.h"
#include "net/name_lookup.h"

namespace sampleproc::net {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

// poll(2) takes no more milliseconds than an int has.
constexpr std::chrono::milliseconds kLongestPoll{std::chrono::hours(24)};

std::unexpected<base::Error> Unavailable(int error) {
  return Fail(ErrorCode::kUnavailable, std::strerror(error));
}

std::string Loopback(const std::string& host) {
  if (host.empty() || host == "0.0.0.0" || host == "*") return "127.0.0.1";
  if (host == "::" || host == "[::]") return "::1";
  return host;
}

// Probes an idle connection every second and gives it up when nothing comes back. Where the system
// does not take an option its own patience stays.
void GiveUpAfter(std::chrono::seconds dead_after, int fd) {
  const int on = 1;
  const int second = 1;
  const int patience = static_cast<int>(std::chrono::milliseconds(dead_after).count());
  (void)::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &second, sizeof second);
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &second, sizeof second);
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof patience);
}

Result<int> ConnectTo(int family, const sockaddr* address, socklen_t size,
                      std::chrono::seconds dead_after, const base::Allowance& allowance) {
  base::Descriptor socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int fd = socket.get();
  if (fd < 0) return Unavailable(errno);
  if (dead_after.count() > 0) GiveUpAfter(dead_after, fd);
  Result<void> done = {};
  if (::connect(fd, address, size) != 0) {
    if (errno == EINPROGRESS) {
      done = WaitFor(fd, POLLOUT, allowance);
      int error = 0;
      socklen_t error_size = sizeof error;
      if (done && ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_size) != 0) error = errno;
      if (error != 0) done = Unavailable(error);
    } else {
      done = Unavailable(errno);
    }
  }
  if (!done) return std::unexpected(done.error());
  return socket.release();
}

Result<int> ConnectUnix(const std::string& path, const base::Allowance& allowance) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return Unavailable(ENAMETOOLONG);
  std::ranges::copy(path, address.sun_path);
  // A reinterpretation that the interface of sockets asks for.
  return ConnectTo(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address, {},
                   allowance);
}

class PlainStream : public Stream {
 public:
  explicit PlainStream(base::Descriptor socket) : socket_(std::move(socket)), fd_(socket_.get()) {}

  Result<void> Write(std::string_view bytes, const base::Allowance& allowance) override {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno == EAGAIN) {
        if (Result<void> ready = WaitFor(fd_, POLLOUT, allowance); !ready) return ready;
      } else if (errno != EINTR) {
        return Unavailable(errno);
      }
    }
    return {};
  }

  Result<std::size_t> Read(std::span<char> room, const base::Allowance& allowance) override {
    while (true) {
      const ssize_t got = ::recv(fd_, room.data(), room.size(), 0);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return Unavailable(errno);
      if (Result<void> ready = WaitFor(fd_, POLLIN, allowance); !ready) {
        return std::unexpected(ready.error());
      }
    }
  }

  bool Quiet() override {
    char next = 0;
    return ::recv(fd_, &next, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
  }

 private:
  const base::Descriptor socket_;
  const int fd_;  // its
};

}  // namespace

std::string Endpoint::Name() const {
  if (!unix_socket.empty()) return unix_socket;
  const std::string target = Loopback(host);
  const bool literal6 = target.find(':') != std::string::npos;
  return (literal6 ? "[" + target + "]" : target) + ":" + std::to_string(port);
}

Result<void> WaitFor(int fd, short events, const base::Allowance& allowance) {
  const base::Deadline& deadline = allowance.deadline;
  // Readable once the wait has been cancelled. A flag that nobody else holds is not watched.
  base::Descriptor cancelled(-1);
  std::optional<base::CancelWatch> watch;
  if (allowance.cancel.Shared()) {
    cancelled = base::Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (cancelled.get() < 0) return Unavailable(errno);
    watch.emplace(allowance.cancel, [&cancelled] { ::eventfd_write(cancelled.get(), 1); });
  }
  while (true) {
    if (allowance.cancel.Cancelled()) return Fail(ErrorCode::kCancelled, "nobody waits any more");
    int patience = -1;
    if (!deadline.Never()) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline.At() - base::SystemClock().Now());
      if (left.count() <= 0) return Fail(ErrorCode::kRequestTimeout, "it takes too long");
      patience = static_cast<int>(std::min(left, kLongestPoll).count());
    }
    std::array<pollfd, 2> entries{pollfd{fd, events, 0}, pollfd{cancelled.get(), POLLIN, 0}};
    const int ready = ::poll(entries.data(), entries.size(), patience);
    if (ready > 0 && entries[0].revents != 0) return {};
    if (ready < 0 && errno != EINTR) return Unavailable(errno);
  }
}

Result<int> ConnectSocket(const Endpoint& endpoint, const base::Allowance& allowance) {
  if (!endpoint.unix_socket.empty()) return ConnectUnix(endpoint.unix_socket, allowance);
  auto addresses = LookUp(Loopback(endpoint.host), std::to_string(endpoint.port), allowance);
  if (!addresses) return std::unexpected(std::move(addresses.error()));
  Result<int> fd = Fail(ErrorCode::kUnavailable, "it has no address");
  for (const addrinfo* each = addresses->get(); each != nullptr && !fd; each = each->ai_next) {
    fd =
        ConnectTo(each->ai_family, each->ai_addr, each->ai_addrlen, endpoint.dead_after, allowance);
  }
  return fd;
}

Result<std::unique_ptr<Stream>> Connect(const Endpoint& endpoint,
                                        const base::Allowance& allowance) {
  const Result<int> fd = ConnectSocket(endpoint, allowance);
  if (!fd) return std::unexpected(fd.error());
  base::Descriptor socket(*fd);  // before anything else takes memory
  return MakeStream(std::move(socket));
}

std::unique_ptr<Stream> MakeStream(base::Descriptor socket) {
  return std::make_unique<PlainStream>(std::move(socket));
}

}  // namespace sampleproc::net

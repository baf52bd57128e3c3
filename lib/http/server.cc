#include "http/server.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "http/loop.h"

namespace sampleproc::http {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

constexpr int kBacklog = 1024;  // the kernel caps it at net.core.somaxconn

// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  bool ipv6() const { return storage.ss_family == AF_INET6; }
};

Result<Address> Resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int status = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (status != 0 || found == nullptr) {
    return Fail(
        ErrorCode::kConfig,
        std::string("http.host is not an address or name that resolves: ") + gai_strerror(status));
  }
  Address address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.length = found->ai_addrlen;
  freeaddrinfo(found);
  return address;
}

std::unexpected<base::Error> CannotListen(const Options& options) {
  const int error = errno;
  std::string message = "cannot listen on " + options.host + " port " +
                        std::to_string(options.port) + ": " + std::strerror(error);
  if (error == EADDRINUSE) message += "; choose another with --port, or --port 0 for a free one";
  return Fail(ErrorCode::kUnavailable, message);
}

// `shared` allows several sockets of ours on the port; without it an address that anybody else
// listens on is refused, which SO_REUSEPORT alone would not do for a second process of this user.
Result<Descriptor> ListenOn(Address& address, const Options& options, bool shared) {
  Descriptor fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return CannotListen(options);
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (shared) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (::bind(fd.get(), address.get(), address.length) != 0 || ::listen(fd.get(), kBacklog) != 0) {
    return CannotListen(options);
  }
  ::getsockname(fd.get(), address.get(), &address.length);  // the port, when it was 0
  return fd;
}

int IoThreads(const Options& options) {
  if (options.io_threads > 0) return options.io_threads;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()) / 2);
}

}  // namespace

class Server::Impl {
 public:
  std::vector<std::unique_ptr<Loop>> loops;
  std::uint16_t port = 0;
  bool stopped = false;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Server>> Server::Listen(const ServerContext& context) {
  auto address = Resolve(context.options.host, context.options.port);
  if (!address) return std::unexpected(address.error());
  const int threads = IoThreads(context.options);
  if (threads > 1) {
    // Only finds out whether the address is free; closed again at once.
    if (auto probe = ListenOn(*address, context.options, false); !probe) {
      return std::unexpected(probe.error());
    }
  }
  auto impl = std::make_unique<Impl>();
  for (int i = 0; i < threads; ++i) {
    auto fd = ListenOn(*address, context.options, threads > 1);
    if (!fd) return std::unexpected(fd.error());
    impl->loops.push_back(std::make_unique<Loop>(context, fd->release(), address->ipv6()));
  }
  impl->port = ntohs(address->ipv6() ? reinterpret_cast<sockaddr_in6*>(address->get())->sin6_port
                                     : reinterpret_cast<sockaddr_in*>(address->get())->sin_port);
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::~Server() { Stop(); }

std::uint16_t Server::port() const { return impl_->port; }

void Server::Start() {
  for (const auto& loop : impl_->loops) loop->Start();
}

void Server::BeginDrain() {
  for (const auto& loop : impl_->loops) loop->BeginDrain();
}

int Server::connections() const {
  int sum = 0;
  for (const auto& loop : impl_->loops) sum += loop->connections();
  return sum;
}

void Server::Stop() {
  if (std::exchange(impl_->stopped, true)) return;
  for (const auto& loop : impl_->loops) loop->Stop();
}

}  // namespace sampleproc::http

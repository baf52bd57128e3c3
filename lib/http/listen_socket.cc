#include "http/listen_socket.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <system_error>

namespace sampleproc::http {
namespace {

using base::Descriptor;
using base::ErrorCode;
using base::Fail;
using base::Result;

constexpr int kBacklog = 1024;  // the kernel caps it at net.core.somaxconn

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  std::uint16_t port() const {
    std::uint16_t port = 0;
    if (storage.ss_family == AF_INET6) {
      sockaddr_in6 address;
      std::memcpy(&address, &storage, sizeof address);
      port = address.sin6_port;
    } else if (storage.ss_family == AF_INET) {
      sockaddr_in address;
      std::memcpy(&address, &storage, sizeof address);
      port = address.sin_port;
    }
    return ntohs(port);
  }
  bool needs_interface() const {
    if (storage.ss_family != AF_INET6) return false;
    sockaddr_in6 address;
    std::memcpy(&address, &storage, sizeof address);
    return IN6_IS_ADDR_LINKLOCAL(&address.sin6_addr) && address.sin6_scope_id == 0;
  }
};

Result<SocketAddress> Resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int status = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (status != 0 && ::if_nametoindex(host.c_str()) != 0) {
    return Fail(ErrorCode::kConfig, "http.host " + host +
                                        " is the name of a network interface; write one of its "
                                        "addresses");
  }
  if (status != 0 || found == nullptr) {
    return Fail(
        ErrorCode::kUnavailable,
        "http.host " + host + " is not an address or name that resolves: " + gai_strerror(status));
  }
  SocketAddress address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.length = found->ai_addrlen;
  freeaddrinfo(found);
  if (address.needs_interface()) {
    return Fail(ErrorCode::kConfig, "http.host " + host +
                                        " is a link-local address, which each interface has: name "
                                        "one behind it, as in " +
                                        host + "%eth0");
  }
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
Result<Descriptor> ListenOn(SocketAddress& address, const Options& options, bool shared) {
  Descriptor fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
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

std::unexpected<base::Error> CannotListenOnPath(ErrorCode code, const std::string& path,
                                                const std::string& why) {
  return Fail(code, "cannot listen on http.unix_socket " + path + ": " + why);
}

Result<Descriptor> ListenOnPath(const std::string& path, const std::string& mode) {
  const auto fail = [&](ErrorCode code, const std::string& why) {
    return CannotListenOnPath(code, path, why);
  };
  if (auto possible = CheckSocketPath(path); !possible) return std::unexpected(possible.error());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const auto* const raw = reinterpret_cast<const sockaddr*>(&address);

  struct stat there{};
  if (::lstat(path.c_str(), &there) == 0) {
    const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (::connect(probe.get(), raw, sizeof address) == 0 || errno == EAGAIN) {
      return fail(ErrorCode::kUnavailable, "another process listens on it");
    }
    ::unlink(path.c_str());  // left behind by one that was killed
  }
  const auto wanted = mode.empty() ? std::nullopt : ParseSocketMode(mode);
  if (!mode.empty() && !wanted) {
    return fail(ErrorCode::kConfig,
                "http.unix_socket_mode is not a number in octal, as \"660\" is");
  }
  Descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // Nobody can connect before listen, so the permissions are right before anybody comes.
  if (fd.get() < 0 || ::bind(fd.get(), raw, sizeof address) != 0 ||
      (wanted && ::chmod(path.c_str(), *wanted) != 0) || ::listen(fd.get(), kBacklog) != 0) {
    return fail(ErrorCode::kUnavailable, std::strerror(errno));
  }
  return fd;
}

// Another descriptor of the same socket: whichever loop is awake first takes the connection.
void Share(ListenSocket socket, Listening& listening) {
  for (std::size_t i = 1; i < listening.of_loops.size(); ++i) {
    const int copy = ::fcntl(socket.fd.get(), F_DUPFD_CLOEXEC, 0);
    if (copy < 0) continue;
    listening.of_loops[i].push_back({Descriptor(copy), socket.is_unix, socket.inherited});
  }
  listening.of_loops[0].push_back(std::move(socket));
}

Result<void> TakeInherited(int inherited, Listening& listening) {
  Descriptor fd(inherited);
  int accepts = 0;
  socklen_t size = sizeof accepts;
  if (::getsockopt(inherited, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size) != 0 || accepts == 0) {
    return Fail(ErrorCode::kConfig,
                "a socket that was passed in does not listen for stream connections");
  }
  ::fcntl(inherited, F_SETFL, ::fcntl(inherited, F_GETFL) | O_NONBLOCK);
  ::fcntl(inherited, F_SETFD, FD_CLOEXEC);
  SocketAddress address;
  address.length = sizeof address.storage;
  ::getsockname(inherited, address.get(), &address.length);
  if (listening.port == 0) listening.port = address.port();
  Share({std::move(fd), address.storage.ss_family == AF_UNIX, true}, listening);
  return {};
}

Result<void> ListenOnPort(const Options& options, Listening& listening) {
  auto address = Resolve(options.host, options.port);
  if (!address) return std::unexpected(address.error());
  const bool shared = listening.of_loops.size() > 1;
  if (shared) {
    // Only finds out whether the address is free; closed again at once.
    if (auto probe = ListenOn(*address, options, false); !probe) {
      return std::unexpected(probe.error());
    }
  }
  for (auto& of_loop : listening.of_loops) {
    auto fd = ListenOn(*address, options, shared);
    if (!fd) return std::unexpected(fd.error());
    of_loop.push_back({std::move(*fd)});
  }
  listening.port = address->port();
  return {};
}

}  // namespace

std::optional<mode_t> ParseSocketMode(std::string_view digits) {
  mode_t mode = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), mode, 8);
  if (error != std::errc() || end != digits.data() + digits.size() || mode > 0777) {
    return std::nullopt;
  }
  return mode;
}

Result<void> CheckHost(const std::string& host) {
  auto address = Resolve(host, 0);
  if (!address) return std::unexpected(address.error());
  const Descriptor fd(::socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (fd.get() < 0 || ::bind(fd.get(), address->get(), address->length) == 0) return {};
  if (errno != EADDRNOTAVAIL && errno != ENODEV) return {};
  return Fail(ErrorCode::kUnavailable,
              "http.host " + host + " is no address of this machine: " + std::strerror(errno));
}

Result<void> CheckSocketPath(const std::string& path) {
  constexpr std::size_t kRoom = sizeof sockaddr_un::sun_path;
  if (path.size() >= kRoom) {
    return CannotListenOnPath(
        ErrorCode::kConfig, path,
        "a socket's path has at most " + std::to_string(kRoom - 1) + " bytes");
  }
  struct stat there{};
  if (::lstat(path.c_str(), &there) == 0) {
    if (S_ISSOCK(there.st_mode)) return {};
    return CannotListenOnPath(ErrorCode::kConfig, path, "something that is no socket is there");
  }
  const auto slash = path.rfind('/');
  const std::string folder = slash == path.npos ? "." : path.substr(0, slash + 1);
  if (::stat(folder.c_str(), &there) == 0 || errno == EACCES) return {};
  return CannotListenOnPath(ErrorCode::kUnavailable, path,
                            "its folder " + folder + ": " + std::strerror(errno));
}

void RefuseNew(const ListenSocket& socket) {
  if (socket.inherited) return;
  if (socket.is_unix) {
    ::shutdown(socket.fd.get(), SHUT_RD);  // what waits stays, unlike with TCP
    return;
  }
  // A socket's filter sees the TCP header (socket(7), SO_ATTACH_FILTER): its flags are in byte 13
  // (RFC 9293, section 3.1). Drop what is SYN without ACK, keep the rest in full.
  constexpr std::uint32_t kFlagsAt = 13;
  constexpr std::uint32_t kSyn = 0x02;
  constexpr std::uint32_t kAck = 0x10;
  std::array<sock_filter, 5> program{{
      {BPF_LD | BPF_B | BPF_ABS, 0, 0, kFlagsAt},
      {BPF_ALU | BPF_AND | BPF_K, 0, 0, kSyn | kAck},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, kSyn},
      {BPF_RET | BPF_K, 0, 0, 0},
      {BPF_RET | BPF_K, 0, 0, 0xFFFFFFFF},
  }};
  const sock_fprog filter{program.size(), program.data()};
  // Where a kernel lacks it the port is closed without, as everybody else does.
  ::setsockopt(socket.fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

Result<Listening> Listen(const Options& options, const std::vector<int>& inherited, int loops) {
  Listening listening;
  listening.of_loops.resize(static_cast<std::size_t>(loops));
  Result<void> done;
  for (const int fd : inherited) {
    if (auto taken = TakeInherited(fd, listening); !taken) done = taken;
  }
  if (done && inherited.empty()) done = ListenOnPort(options, listening);
  if (!done) return std::unexpected(done.error());
  if (!options.unix_socket.empty()) {
    auto fd = ListenOnPath(options.unix_socket, options.unix_socket_mode);
    if (!fd) return std::unexpected(fd.error());
    Share({std::move(*fd), true, false, options.unix_socket}, listening);
  }
  return listening;
}

}  // namespace sampleproc::http

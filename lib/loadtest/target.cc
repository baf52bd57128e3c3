#include "loadtest/target.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

#include "net/name_lookup.h"

namespace sampleproc::loadtest {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

Address AddressOf(const void* address, socklen_t size) {
  Address copy;
  std::memcpy(&copy.storage, address, size);
  copy.size = size;
  return copy;
}

std::string Numeric(const addrinfo& address) {
  char text[NI_MAXHOST] = "";
  ::getnameinfo(address.ai_addr, address.ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
  return text;
}

Result<void> FindUnix(const std::string& path, const base::Allowance& allowance, Target& target) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return Fail(ErrorCode::kUsage, "the path of --unix-socket is too long for a socket");
  }
  std::ranges::copy(path, address.sun_path);
  target.address = AddressOf(&address, sizeof address);
  target.endpoint.unix_socket = path;
  target.name = "unix:" + path;
  const auto socket = net::ConnectSocket(target.endpoint, allowance);
  if (!socket) {
    return Fail(ErrorCode::kUnavailable,
                "cannot reach " + target.name + ": " + socket.error().message);
  }
  const base::Descriptor owned(*socket);
  return {};
}

std::unexpected<base::Error> NeedsLeave(const std::string& host) {
  return Fail(ErrorCode::kUsage,
              host +
                  " is not this machine's loopback; if you may load it, say so with "
                  "--allow-target " +
                  host);
}

Result<void> FindTcp(const std::vector<std::string>& allowed, const base::Allowance& allowance,
                     Target& target) {
  const net::Url& url = target.url;
  const auto addresses = net::LookUp(url.host, std::to_string(url.port), allowance);
  if (!addresses) {
    return Fail(ErrorCode::kUnavailable,
                "cannot find " + url.host + ": " + addresses.error().message);
  }
  std::string reason = "it has no address";
  for (const addrinfo* each = addresses->get(); each != nullptr; each = each->ai_next) {
    if (!IsLoopback(*each->ai_addr) && std::ranges::find(allowed, url.host) == allowed.end()) {
      return NeedsLeave(url.host);
    }
    target.address = AddressOf(each->ai_addr, each->ai_addrlen);
    target.endpoint = {.host = Numeric(*each), .port = url.port};
    const auto socket = net::ConnectSocket(target.endpoint, allowance);
    if (socket) {
      const base::Descriptor owned(*socket);
      return {};
    }
    reason = socket.error().message;
  }
  return Fail(ErrorCode::kUnavailable, "cannot reach " + target.name + ": " + reason);
}

}  // namespace

bool IsLoopback(const sockaddr& address) {
  // Reinterpretations that the interface of sockets asks for.
  if (address.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    return (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
  }
  if (address.sa_family != AF_INET6) return false;
  const in6_addr& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) return v6.s6_addr[12] == 127;
  return IN6_IS_ADDR_LOOPBACK(&v6);
}

Result<void> MayLoad(const std::string& host, std::uint16_t port,
                     const std::vector<std::string>& allowed, const base::Allowance& allowance) {
  if (std::ranges::find(allowed, host) != allowed.end()) return {};
  const auto addresses = net::LookUp(host, std::to_string(port), allowance);
  if (!addresses) {
    return Fail(ErrorCode::kUnavailable, "cannot find " + host + ": " + addresses.error().message);
  }
  for (const addrinfo* each = addresses->get(); each != nullptr; each = each->ai_next) {
    if (!IsLoopback(*each->ai_addr)) return NeedsLeave(host);
  }
  return {};
}

Result<Target> FindTarget(const std::string& url, const std::string& unix_socket,
                          const std::string& tls_anchors, const std::vector<std::string>& allowed,
                          const base::Allowance& allowance) {
  const auto parsed = net::ParseUrl(url);
  if (!parsed) {
    return Fail(ErrorCode::kUsage, "--target takes a URL such as http://127.0.0.1:8099");
  }
  Target target;
  target.url = *parsed;
  target.name = parsed->Origin();
  const Result<void> found = unix_socket.empty() ? FindTcp(allowed, allowance, target)
                                                 : FindUnix(unix_socket, allowance, target);
  if (!found) return std::unexpected(found.error());
  if (!parsed->tls) return target;
  target.trust = {.anchors = tls_anchors, .name = parsed->host, .anchors_key = "--ca"};
  const auto context = net::MakeTlsContext(target.trust);
  if (!context) return std::unexpected(context.error());
  target.address.tls = *context;
  target.address.tls_name = target.trust.name;
  // A handshake that fails now would fail each time.
  const auto stream = net::ConnectTls(target.endpoint, target.trust, allowance);
  if (stream) return target;
  return Fail(ErrorCode::kUnavailable,
              "cannot reach " + target.name + ": " + stream.error().message);
}

}  // namespace sampleproc::loadtest

#include "net/dns_cache.h"

#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <memory>

namespace sampleproc::net {

base::Result<std::vector<std::string>> ResolveBySystem(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (status != 0) {
    return base::Fail(base::ErrorCode::kUnavailable,
                      "the name " + host + " cannot be looked up: " + ::gai_strerror(status));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  std::vector<std::string> addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(each->ai_addr, each->ai_addrlen, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) == 0) {
      addresses.emplace_back(text.data());
    }
  }
  if (addresses.empty()) {
    return base::Fail(base::ErrorCode::kUnavailable, "the name " + host + " has no address");
  }
  return addresses;
}

base::Result<DnsCache::Found> DnsCache::Find(const std::string& host) {
  {
    const std::lock_guard lock(mutex_);
    const auto known = known_.find(host);
    if (known != known_.end() && clock_.Now() < known->second.until) {
      return Found{known->second.addresses, false};
    }
  }
  auto addresses = resolve_(host);
  if (!addresses) return std::unexpected(std::move(addresses.error()));
  const std::lock_guard lock(mutex_);
  known_.insert_or_assign(host, Known{*addresses, clock_.Now() + ttl_});
  return Found{std::move(*addresses), true};
}

void DnsCache::Forget(const std::string& host) {
  const std::lock_guard lock(mutex_);
  known_.erase(host);
}

}  // namespace sampleproc::net

#include "net/dns_cache.h"

#include <netdb.h>
#include <sys/socket.h>

#include <array>

#include "net/name_lookup.h"

namespace sampleproc::net {

base::Result<std::vector<std::string>> ResolveBySystem(const std::string& host,
                                                       const base::Allowance& allowance) {
  auto found = LookUp(host, "", allowance);
  if (!found) {
    base::Error& error = found.error();
    error.message = "the name " + host + " cannot be looked up: " + error.message;
    return std::unexpected(std::move(error));
  }
  std::vector<std::string> addresses;
  for (const addrinfo* each = found->get(); each != nullptr; each = each->ai_next) {
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

base::Result<DnsCache::Found> DnsCache::Find(const std::string& host,
                                             const base::Allowance& allowance) {
  {
    const base::MutexLock lock(mutex_);
    const auto known = known_.find(host);
    if (known != known_.end() && clock_.Now() < known->second.until) {
      return Found{known->second.addresses, false};
    }
  }
  auto addresses = resolve_(host, allowance);
  if (!addresses) return std::unexpected(std::move(addresses.error()));
  const base::MutexLock lock(mutex_);
  known_.insert_or_assign(host, Known{*addresses, clock_.Now() + ttl_});
  return Found{std::move(*addresses), true};
}

void DnsCache::Forget(const std::string& host) {
  const base::MutexLock lock(mutex_);
  known_.erase(host);
}

}  // namespace sampleproc::net

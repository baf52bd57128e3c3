// Addresses of hosts, looked up once in a while.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/mutex.h"

namespace sampleproc::net {

// The addresses of a host, numeric; kUnavailable when there is none.
using Resolve = std::function<base::Result<std::vector<std::string>>(const std::string& host,
                                                                     const base::Allowance&)>;

// Asks the system (name_lookup.h).
base::Result<std::vector<std::string>> ResolveBySystem(const std::string& host,
                                                       const base::Allowance& allowance);

// Thread-safe. Failures are not kept.
class DnsCache {
 public:
  struct Found {
    std::vector<std::string> addresses;
    bool fresh = false;  // looked up just now, so that asking again would not help
  };

  // An answer is used again for `ttl`; 0 keeps none.
  DnsCache(Resolve resolve, std::chrono::milliseconds ttl, const base::Clock& clock)
      : resolve_(std::move(resolve)), ttl_(ttl), clock_(clock) {}

  base::Result<Found> Find(const std::string& host, const base::Allowance& allowance);

  // Nothing known of it is worth anything: its addresses do not answer.
  void Forget(const std::string& host);

 private:
  struct Known {
    std::vector<std::string> addresses;
    base::MonoTime until{};
  };

  const Resolve resolve_;
  const std::chrono::milliseconds ttl_;
  const base::Clock& clock_;
  base::Mutex mutex_;
  std::map<std::string, Known> known_ GUARDED_BY(mutex_);  // hosts of configuration, so few
};

}  // namespace sampleproc::net

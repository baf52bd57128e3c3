// Lists of hosts, as configurations write them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/address.h"

namespace sampleproc::http {

// Whether `text` may stand in a list of hosts: a name or address without port, "*." and a name, or
// "*".
bool IsHostPattern(std::string_view text);

// Matches a name or an address, an IPv6 one without brackets: exactly; by "*.example.com", which is
// every name below example.com and not itself; or by "*", which is any. Case does not count, nor
// one dot at the end. Thread-safe.
class HostPatterns {
 public:
  // Each is a pattern by IsHostPattern.
  explicit HostPatterns(const std::vector<std::string>& patterns);

  bool Match(std::string_view host) const;

 private:
  bool any_ = false;
  std::vector<std::string> exact_;     // lower case
  std::vector<std::string> suffixes_;  // ".example.com", lower case
  std::vector<Address> addresses_;
};

}  // namespace sampleproc::http

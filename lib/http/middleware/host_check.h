// Answers only for the hosts that this service is: against DNS rebinding, poisoned caches and links
// made from a forged Host.
#pragma once

#include <string>
#include <vector>

#include "http/chain.h"

namespace sampleproc::http {

// Whether `text` may stand in a list of allowed hosts: a name or address without port, "*." and a
// name, or "*".
bool IsHostPattern(std::string_view text);

// 400 unless the Host field names
//   - a host of `allowed`: exactly; by "*.example.com", which is every name below example.com and
//     not itself; or by "*", which is any;
//   - a name of `own` (the service's and the machine's);
//   - localhost or a loopback address;
//   - the very address that the connection came in on: what an orchestrator's probe sends.
// The port does not count, nor does case, nor one dot at the end. An absolute-form target has been
// compared with Host before (head_guard.h). No path is exempt.
class HostCheck final : public Middleware {
 public:
  HostCheck(const std::vector<std::string>& allowed, const std::vector<std::string>& own);

  std::optional<Response> OnHead(Request& request) override;

 private:
  bool Allows(std::string_view host, const Address& local) const;

  bool any_ = false;
  std::vector<std::string> exact_;     // lower case
  std::vector<std::string> suffixes_;  // ".example.com", lower case
  std::vector<Address> addresses_;
};

}  // namespace sampleproc::http

// Answers only for the hosts that this service is: against DNS rebinding, poisoned caches and links
// made from a forged Host.
#pragma once

#include <string>
#include <vector>

#include "http/chain.h"
#include "http/host_patterns.h"

namespace sampleproc::http {

// 400 unless the Host field names
//   - a host of `allowed`, by HostPatterns;
//   - a name of `own` (the service's and the machine's);
//   - localhost or a loopback address;
//   - the very address that the connection came in on: what an orchestrator's probe sends.
// A request of HTTP/1.0 without the field counts as for that address. The port does not count, nor
// does case, nor one dot at the end. An absolute-form target has been compared with Host before
// (head_guard.h). No path is exempt.
class HostCheck final : public Middleware {
 public:
  HostCheck(const std::vector<std::string>& allowed, const std::vector<std::string>& own);

  std::optional<Response> OnHead(Request& request) override;

 private:
  bool Allows(std::string_view host, const Address& local) const;

  const HostPatterns hosts_;
};

}  // namespace sampleproc::http

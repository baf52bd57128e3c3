#include "http/middleware/host_check.h"

#include "http/error_response.h"
#include "http/ip_network.h"

namespace sampleproc::http {
namespace {

// The Host value without its port; an IPv6 literal without its brackets.
std::string_view HostPart(std::string_view value) {
  if (value.starts_with('[')) {
    const auto end = value.find(']');
    return end == value.npos ? std::string_view() : value.substr(1, end - 1);
  }
  return value.substr(0, value.find(':'));
}

std::vector<std::string> Joined(std::vector<std::string> hosts,
                                const std::vector<std::string>& more) {
  hosts.insert(hosts.end(), more.begin(), more.end());
  return hosts;
}

}  // namespace

HostCheck::HostCheck(const std::vector<std::string>& allowed, const std::vector<std::string>& own)
    : hosts_(Joined(Joined({"localhost", "ip6-localhost", "ip6-loopback"}, own), allowed)) {}

std::optional<Response> HostCheck::OnHead(Request& request) {
  const auto host = request.Find("Host");
  // The field came with HTTP/1.1; before, a request was for the address that it was sent to.
  if (!host && request.minor_version == 0) return std::nullopt;
  if (host && Allows(HostPart(*host), request.local)) return std::nullopt;
  return ErrorResponse(
      {base::ErrorCode::kBadRequest,
       host ? "Invalid host header: it names no host that this service answers for "
              "(http.allowed_hosts)"
            : "Invalid host header: there is none",
       {},
       {}},
      request.path, request.request_id);
}

bool HostCheck::Allows(std::string_view host, const Address& local) const {
  if (hosts_.Match(host)) return true;
  const auto address = ParseAddress(host);
  return address && (IsLoopback(*address) || *address == local);
}

}  // namespace sampleproc::http

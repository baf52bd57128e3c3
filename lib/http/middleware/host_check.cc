#include "http/middleware/host_check.h"

#include <algorithm>

#include "base/ascii.h"
#include "http/error_response.h"
#include "http/ip_network.h"

namespace sampleproc::http {
namespace {

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return lower;
}

// "example.com." is the same host as "example.com".
std::string_view WithoutLastDot(std::string_view host) {
  if (host.size() > 1 && host.ends_with('.')) host.remove_suffix(1);
  return host;
}

// The Host value without its port; an IPv6 literal without its brackets.
std::string_view HostPart(std::string_view value) {
  if (value.starts_with('[')) {
    const auto end = value.find(']');
    return end == value.npos ? std::string_view() : value.substr(1, end - 1);
  }
  return WithoutLastDot(value.substr(0, value.find(':')));
}

bool IsName(std::string_view name) {
  const auto allowed = [](char c) { return base::IsAlnum(c) || c == '-' || c == '_' || c == '.'; };
  return !name.empty() && name.front() != '.' && name.find("..") == name.npos &&
         std::ranges::all_of(name, allowed);
}

}  // namespace

bool IsHostPattern(std::string_view text) {
  if (text == "*" || ParseAddress(text)) return true;
  if (text.starts_with('[') && text.ends_with(']')) {
    return ParseAddress(text.substr(1, text.size() - 2)).has_value();
  }
  if (text.starts_with("*.")) text.remove_prefix(2);
  return IsName(text);
}

HostCheck::HostCheck(const std::vector<std::string>& allowed, const std::vector<std::string>& own) {
  exact_ = {"localhost", "ip6-localhost", "ip6-loopback"};
  for (const std::string& name : own) exact_.push_back(LowerCase(WithoutLastDot(name)));
  for (const std::string& pattern : allowed) {
    if (pattern == "*") {
      any_ = true;
    } else if (pattern.starts_with("*.")) {
      suffixes_.push_back(LowerCase(WithoutLastDot(std::string_view(pattern).substr(1))));
    } else if (const std::string_view host = pattern.starts_with('[') ? HostPart(pattern) : pattern;
               const auto address = ParseAddress(host)) {
      addresses_.push_back(*address);
    } else {
      exact_.push_back(LowerCase(WithoutLastDot(pattern)));
    }
  }
}

std::optional<Response> HostCheck::OnHead(Request& request) {
  const auto host = request.Find("Host");
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
  if (host.empty()) return false;
  if (any_) return true;
  if (const auto address = ParseAddress(host)) {
    return IsLoopback(*address) || *address == local ||
           std::ranges::find(addresses_, *address) != addresses_.end();
  }
  const std::string name = LowerCase(host);
  if (std::ranges::find(exact_, name) != exact_.end()) return true;
  return std::ranges::any_of(suffixes_, [&](const std::string& suffix) {
    return name.size() > suffix.size() && name.ends_with(suffix);
  });
}

}  // namespace sampleproc::http

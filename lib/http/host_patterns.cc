#include "http/host_patterns.h"

#include <algorithm>

#include "base/ascii.h"
#include "http/ip_network.h"

namespace sampleproc::http {
namespace {

// "example.com." is the same host as "example.com".
std::string_view WithoutLastDot(std::string_view host) {
  if (host.size() > 1 && host.ends_with('.')) host.remove_suffix(1);
  return host;
}

bool IsName(std::string_view name) {
  const auto allowed = [](char c) { return base::IsAlnum(c) || c == '-' || c == '_' || c == '.'; };
  return !name.empty() && name.front() != '.' && name.find("..") == name.npos &&
         std::ranges::all_of(name, allowed);
}

// "[::1]" without its brackets.
std::string_view WithoutBrackets(std::string_view host) {
  return host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
}

}  // namespace

bool IsHostPattern(std::string_view text) {
  if (text == "*" || ParseAddress(WithoutBrackets(text))) return true;
  if (text.starts_with("*.")) text.remove_prefix(2);
  return IsName(text);
}

HostPatterns::HostPatterns(const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) {
    if (pattern == "*") {
      any_ = true;
    } else if (pattern.starts_with("*.")) {
      suffixes_.push_back(base::Lowercase(WithoutLastDot(std::string_view(pattern).substr(1))));
    } else if (const auto address = ParseAddress(WithoutBrackets(pattern))) {
      addresses_.push_back(*address);
    } else {
      exact_.push_back(base::Lowercase(WithoutLastDot(pattern)));
    }
  }
}

bool HostPatterns::Match(std::string_view host) const {
  if (host.empty()) return false;
  if (any_) return true;
  if (const auto address = ParseAddress(host)) {
    return std::ranges::find(addresses_, *address) != addresses_.end();
  }
  const std::string name = base::Lowercase(WithoutLastDot(host));
  if (std::ranges::find(exact_, name) != exact_.end()) return true;
  return std::ranges::any_of(suffixes_, [&](const std::string& suffix) {
    return name.size() > suffix.size() && name.ends_with(suffix);
  });
}

}  // namespace sampleproc::http

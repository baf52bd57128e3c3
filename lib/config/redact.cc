#include "config/redact.h"

#include <algorithm>

namespace sampleproc::config {
namespace {

// Where the user information of the first URL at or after `from` stands; empty when there is none.
std::string_view FindCredentials(std::string_view text, std::size_t from) {
  for (std::size_t at = text.find("://", from); at != std::string_view::npos;
       at = text.find("://", at + 3)) {
    const std::string_view rest = text.substr(at + 3);
    // An authority ends at a slash, a query, a fragment or what cannot be in a URL.
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?# \t\"'<>,"));
    const std::size_t end = authority.rfind('@');
    if (end != std::string_view::npos && end > 0) return authority.substr(0, end);
  }
  return {};
}

bool NamesSecret(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  // The path of a file with a secret in it is none.
  if (lower.find("_file") != std::string::npos) return false;
  constexpr std::string_view kWords[] = {"passw", "secret", "token", "credential", "api_key"};
  return std::ranges::any_of(
      kWords, [&lower](std::string_view word) { return lower.find(word) != std::string::npos; });
}

}  // namespace

bool HasCredentials(std::string_view text) { return !FindCredentials(text, 0).empty(); }

std::string RedactCredentials(std::string_view text) {
  std::string clean(text);
  std::size_t from = 0;
  for (std::string_view found = FindCredentials(text, from); !found.empty();
       found = FindCredentials(text, from)) {
    const auto at = static_cast<std::size_t>(found.data() - text.data());
    std::fill_n(clean.begin() + static_cast<std::ptrdiff_t>(at), found.size(), '*');
    from = at + found.size();
  }
  return clean;
}

std::string RedactLine(std::string_view line) {
  std::string clean = RedactCredentials(line);
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos || !NamesSecret(line.substr(0, equals))) return clean;
  std::fill(clean.begin() + static_cast<std::ptrdiff_t>(equals) + 1, clean.end(), '*');
  return clean;
}

}  // namespace sampleproc::config

#include "http/client_address.h"

#include <algorithm>
#include <optional>
#include <ranges>

namespace sampleproc::http {
namespace {

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// "192.0.2.1", "192.0.2.1:443", "2001:db8::1" or "[2001:db8::1]:443": all are seen in the wild.
std::optional<Address> ParseHop(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    return end == text.npos ? std::nullopt : ParseAddress(text.substr(1, end - 1));
  }
  if (std::ranges::count(text, ':') == 1) text = text.substr(0, text.find(':'));
  return ParseAddress(text);
}

}  // namespace

base::Result<TrustedProxies> TrustedProxies::Parse(const std::vector<std::string>& texts) {
  TrustedProxies trusted;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (texts[i] == "unix") {
      trusted.unix_ = true;
    } else if (const auto network = IpNetwork::Parse(texts[i])) {
      trusted.networks_.push_back(*network);
    } else {
      return base::Fail(base::ErrorCode::kConfig,
                        "entry " + std::to_string(i + 1) +
                            " is not an address, a network such as 10.0.0.0/8 without bits behind "
                            "its prefix, or \"unix\"");
    }
  }
  return trusted;
}

bool TrustedProxies::Trusts(const Address& peer) const {
  if (!peer.known) return unix_;
  return std::ranges::any_of(networks_,
                             [&](const IpNetwork& network) { return network.Contains(peer); });
}

Address ClientAddress(const Address& peer, const std::vector<Field>& fields,
                      const TrustedProxies& trusted) {
  Address client = peer;
  if (!trusted.Trusts(client)) return client;
  for (const Field& field : fields | std::views::reverse) {
    if (!EqualsIgnoreCase(field.name, "X-Forwarded-For")) continue;
    std::string_view list = field.value;
    while (!list.empty()) {
      const auto comma = list.rfind(',');
      const std::string_view entry = Trimmed(comma == list.npos ? list : list.substr(comma + 1));
      list = comma == list.npos ? std::string_view() : list.substr(0, comma);
      const auto hop = ParseHop(entry);
      if (!hop) return client;
      client = *hop;
      if (!trusted.Trusts(client)) return client;
    }
  }
  return client;
}

}  // namespace sampleproc::http

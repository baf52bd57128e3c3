#include "http/ip_network.h"

#include <algorithm>
#include <charconv>

namespace sampleproc::http {
namespace {

constexpr int kV4PrefixBits = 96;  // of an IPv4 address inside IPv6

// The networks of IsPrivate, in the order of its comment.
constexpr std::string_view kPrivateNetworks[] = {
    "127.0.0.0/8",    "::1",       "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
    "169.254.0.0/16", "fe80::/10", "fc00::/7"};

}  // namespace

bool IsLoopback(const Address& address) {
  if (address.IsIpv4()) return address.bytes[12] == 127;
  return address.known && address.bytes[15] == 1 &&
         std::all_of(address.bytes.begin(), address.bytes.begin() + 15,
                     [](std::uint8_t byte) { return byte == 0; });
}

bool IsPrivate(const Address& address) {
  return std::ranges::any_of(kPrivateNetworks, [&](std::string_view network) {
    return IpNetwork::Parse(network)->Contains(address);
  });
}

std::optional<IpNetwork> IpNetwork::Parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = ParseAddress(text.substr(0, slash));
  if (!address) return std::nullopt;
  // "::ffff:10.0.0.0/104" counts in bits of IPv6, as it is written.
  const bool written_as_v4 = text.substr(0, slash).find(':') == text.npos;
  int bits = 128;
  if (slash != text.npos) {
    const std::string_view digits = text.substr(slash + 1);
    const char* const end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, bits);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    if (bits < 0 || bits > (written_as_v4 ? 32 : 128)) return std::nullopt;
    if (written_as_v4) bits += kV4PrefixBits;
  }
  for (int bit = bits; bit < 128; ++bit) {
    const std::uint8_t byte = address->bytes[static_cast<std::size_t>(bit / 8)];
    if ((byte >> (7 - bit % 8) & 1) != 0) return std::nullopt;
  }
  return IpNetwork(*address, bits);
}

bool IpNetwork::IsWiderThanPrivate() const {
  // "::/80" has all of IPv4 in it.
  const bool has_ipv4 = address_.IsIpv4() || Contains(*ParseAddress("0.0.0.0"));
  return bits_ < (has_ipv4 ? kV4PrefixBits + 8 : 7);
}

bool IpNetwork::Contains(const Address& address) const {
  if (!address.known) return false;
  const auto whole = static_cast<std::ptrdiff_t>(bits_ / 8);
  const auto& ours = address_.bytes;
  if (!std::equal(ours.begin(), ours.begin() + whole, address.bytes.begin())) return false;
  const int rest = bits_ % 8;
  if (rest == 0) return true;
  const auto at = static_cast<std::size_t>(whole);
  return (ours[at] ^ address.bytes[at]) >> (8 - rest) == 0;
}

}  // namespace sampleproc::http

// The address of one end of a connection, without its port.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sampleproc::http {

// IPv4 addresses are kept as IPv6's ::ffff:a.b.c.d, so that one client is one value whichever kind
// of socket it came in on. A Unix socket has no address: `known` is false.
struct Address {
  std::array<std::uint8_t, 16> bytes{};
  bool known = false;

  bool IsIpv4() const;  // of the mapped form

  // Whom to count it as: one IPv4 address, one IPv6 /64, since whoever has an IPv6 address usually
  // has the 2^64 beside it (RFC 6177).
  Address Customer() const;

  // "192.0.2.1", "2001:db8::1" (RFC 5952); "" when not known.
  std::string Text() const;

  bool operator==(const Address&) const = default;
};

// What the kernel says of a socket; not known for anything that is not an IP address.
Address ToAddress(const sockaddr_storage& from);

// An IPv4 or IPv6 literal, without brackets, port or zone.
std::optional<Address> ParseAddress(std::string_view text);

}  // namespace sampleproc::http

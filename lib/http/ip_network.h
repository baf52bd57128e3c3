// Networks of IP addresses.
#pragma once

#include <optional>
#include <string_view>

#include "http/address.h"

namespace sampleproc::http {

// 127.0.0.0/8 or ::1.
bool IsLoopback(const Address& address);

// Of a network that does not reach the internet: loopback, RFC 1918, RFC 6598 (carriers' NAT),
// link-local, RFC 4193.
bool IsPrivate(const Address& address);

// An address and how many of its leading bits count.
class IpNetwork {
 public:
  // "10.0.0.0/8", "2001:db8::/32" or a single address. Nothing for anything else, and for bits that
  // are set behind the prefix: who writes 10.1.2.3/8 means something else.
  static std::optional<IpNetwork> Parse(std::string_view text);

  bool Contains(const Address& address) const;

  // Than any network of IsPrivate: 10.0.0.0/8 of IPv4, fc00::/7 of IPv6.
  bool IsWiderThanPrivate() const;

 private:
  IpNetwork(const Address& address, int bits) : address_(address), bits_(bits) {}

  Address address_;
  int bits_;  // of the 16-byte form
};

}  // namespace sampleproc::http

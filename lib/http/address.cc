#include "http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace sampleproc::http {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

Address Mapped(const in_addr& ipv4) {
  Address address{.known = true};
  std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes.begin());
  std::memcpy(address.bytes.data() + kMappedPrefix.size(), &ipv4, sizeof ipv4);
  return address;
}

Address Plain(const in6_addr& ipv6) {
  Address address{.known = true};
  std::memcpy(address.bytes.data(), &ipv6, sizeof ipv6);
  return address;
}

}  // namespace

bool Address::IsIpv4() const {
  return known && std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin());
}

Address Address::Customer() const {
  Address customer = *this;
  if (!IsIpv4()) std::fill(customer.bytes.begin() + 8, customer.bytes.end(), std::uint8_t{0});
  return customer;
}

std::string Address::Text() const {
  if (!known) return "";
  char text[INET6_ADDRSTRLEN] = "";
  if (IsIpv4()) {
    inet_ntop(AF_INET, bytes.data() + kMappedPrefix.size(), text, sizeof text);
  } else {
    inet_ntop(AF_INET6, bytes.data(), text, sizeof text);
  }
  return text;
}

Address ToAddress(const sockaddr_storage& from) {
  if (from.ss_family == AF_INET) {
    sockaddr_in ipv4;
    std::memcpy(&ipv4, &from, sizeof ipv4);
    return Mapped(ipv4.sin_addr);
  }
  if (from.ss_family == AF_INET6) {
    sockaddr_in6 ipv6;
    std::memcpy(&ipv6, &from, sizeof ipv6);
    return Plain(ipv6.sin6_addr);
  }
  return {};
}

std::optional<Address> ParseAddress(std::string_view text) {
  const std::string literal(text);
  in_addr ipv4;
  if (inet_pton(AF_INET, literal.c_str(), &ipv4) == 1) return Mapped(ipv4);
  in6_addr ipv6;
  if (inet_pton(AF_INET6, literal.c_str(), &ipv6) == 1) return Plain(ipv6);
  return std::nullopt;
}

}  // namespace sampleproc::http

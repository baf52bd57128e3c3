#include "http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <catch2/catch.hpp>

namespace sampleproc::http {
namespace {

TEST_CASE("an address is one value whichever kind of socket it came in on") {
  sockaddr_storage plain{};
  auto* ipv4 = reinterpret_cast<sockaddr_in*>(&plain);
  ipv4->sin_family = AF_INET;
  inet_pton(AF_INET, "192.0.2.1", &ipv4->sin_addr);
  sockaddr_storage mapped{};
  auto* ipv6 = reinterpret_cast<sockaddr_in6*>(&mapped);
  ipv6->sin6_family = AF_INET6;
  inet_pton(AF_INET6, "::ffff:192.0.2.1", &ipv6->sin6_addr);
  CHECK(ToAddress(plain) == ToAddress(mapped));
  CHECK(ToAddress(plain).Text() == "192.0.2.1");
  CHECK(ToAddress(mapped).IsIpv4());
}

TEST_CASE("a socket that has no IP address is not known") {
  sockaddr_storage local{};
  local.ss_family = AF_UNIX;
  CHECK_FALSE(ToAddress(local).known);
  CHECK(ToAddress(local).Text().empty());
}

TEST_CASE("one IPv4 address is counted as one, and one IPv6 network") {
  const auto customer = [](const char* text) { return ParseAddress(text)->Customer().Text(); };
  CHECK(customer("192.0.2.1") == "192.0.2.1");
  CHECK(customer("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::");
  CHECK_FALSE(Address().Customer().known);
}

TEST_CASE("literals are read and written back") {
  for (const char* text : {"127.0.0.1", "::1", "2001:db8::1"}) {
    const auto address = ParseAddress(text);
    REQUIRE(address);
    CHECK(address->Text() == text);
  }
  for (const char* text : {"", "localhost", "1.2.3", "[::1]", "::1%lo", "127.0.0.1:80"}) {
    CHECK_FALSE(ParseAddress(text));
  }
}

}  // namespace
}  // namespace sampleproc::http

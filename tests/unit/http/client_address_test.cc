#include "http/client_address.h"

#include <catch2/catch.hpp>

namespace sampleproc::http {
namespace {

Address Parsed(std::string_view text) {
  INFO(text);
  const auto address = ParseAddress(text);
  REQUIRE(address);
  return *address;
}

TEST_CASE("networks contain what their prefix says") {
  struct Case {
    const char *network, *address;
    bool contained;
  };
  for (const Case& c : std::initializer_list<Case>{{"10.0.0.0/8", "10.255.0.1", true},
                                                   {"10.0.0.0/8", "11.0.0.1", false},
                                                   {"10.0.0.0/8", "::ffff:10.1.2.3", true},
                                                   {"10.0.0.0/8", "::a00:1", false},
                                                   {"192.0.2.128/25", "192.0.2.127", false},
                                                   {"192.0.2.128/25", "192.0.2.129", true},
                                                   {"192.0.2.7", "192.0.2.7", true},
                                                   {"192.0.2.7", "192.0.2.6", false},
                                                   {"0.0.0.0/0", "203.0.113.9", true},
                                                   {"0.0.0.0/0", "2001:db8::1", false},
                                                   {"::/0", "203.0.113.9", true},
                                                   {"2001:db8::/33", "2001:db8:7fff::1", true},
                                                   {"2001:db8::/33", "2001:db8:8000::1", false}}) {
    INFO(c.network << " " << c.address);
    const auto network = IpNetwork::Parse(c.network);
    REQUIRE(network);
    CHECK(network->Contains(Parsed(c.address)) == c.contained);
  }
  for (const char* wrong : {"", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0/8",
                            "10.0.0.0/8 ", "a", "::1/129", "fe80::1%eth0", "010.0.0.1", "1.2.3"}) {
    INFO(wrong);
    CHECK_FALSE(IpNetwork::Parse(wrong));
  }
  CHECK_FALSE(IpNetwork::Parse("::/0")->Contains(Address{}));
}

TEST_CASE("a network that is wider than any private one is told") {
  for (const char* wide : {"0.0.0.0/0", "128.0.0.0/1", "10.0.0.0/7", "::/0", "fc00::/6", "::/80",
                           "::ffff:0.0.0.0/96", "0.0.0.0/00"}) {
    INFO(wide);
    CHECK(IpNetwork::Parse(wide)->IsWiderThanPrivate());
  }
  for (const char* narrow :
       {"10.0.0.0/8", "127.0.0.1", "fc00::/7", "2001:db8::/32", "::1", "::ffff:10.0.0.0/104"}) {
    INFO(narrow);
    CHECK_FALSE(IpNetwork::Parse(narrow)->IsWiderThanPrivate());
  }
}

TEST_CASE("an address is loopback or private wherever it is written") {
  for (const char* text : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}) {
    CHECK(IsLoopback(Parsed(text)));
    CHECK(IsPrivate(Parsed(text)));
  }
  for (const char* text : {"10.1.1.1", "172.31.0.1", "192.168.4.4", "100.64.1.1", "169.254.1.1",
                           "fe80::1", "fd00::1"}) {
    CHECK_FALSE(IsLoopback(Parsed(text)));
    CHECK(IsPrivate(Parsed(text)));
  }
  for (const char* text : {"8.8.8.8", "172.32.0.1", "2001:db8::1", "::", "::2"}) {
    CHECK_FALSE(IsLoopback(Parsed(text)));
    CHECK_FALSE(IsPrivate(Parsed(text)));
  }
}

TEST_CASE("the client is the right-most hop that is not trusted") {
  const auto trusted = TrustedProxies::Parse({"10.0.0.0/8", "2001:db8:1::/48"});
  REQUIRE(trusted);
  struct Case {
    const char* peer;
    std::vector<const char*> forwarded;
    const char* client;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"203.0.113.5", {}, "203.0.113.5"},
           {"203.0.113.5", {"1.1.1.1"}, "203.0.113.5"},  // says who, but is nobody's proxy
           {"10.0.0.1", {}, "10.0.0.1"},
           {"10.0.0.1", {"1.1.1.1"}, "1.1.1.1"},
           {"10.0.0.1", {"9.9.9.9, 1.1.1.1"}, "1.1.1.1"},  // the left one came from the client
           {"10.0.0.1", {"9.9.9.9", "1.1.1.1"}, "1.1.1.1"},
           {"10.0.0.1", {"9.9.9.9,1.1.1.1 ,\t10.2.3.4"}, "1.1.1.1"},
           {"10.0.0.1", {"1.1.1.1, 10.2.3.4", "10.2.3.5"}, "1.1.1.1"},
           {"10.0.0.1", {"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
           {"10.0.0.1", {"1.1.1.1, garbage"}, "10.0.0.1"},
           {"10.0.0.1", {"1.1.1.1, garbage, 10.0.0.2"}, "10.0.0.2"},
           {"10.0.0.1", {""}, "10.0.0.1"},
           {"10.0.0.1", {"1.1.1.1,"}, "10.0.0.1"},
           {"10.0.0.1", {"unknown"}, "10.0.0.1"},
           {"10.0.0.1", {"1.1.1.1:4711"}, "1.1.1.1"},
           {"10.0.0.1", {"[2001:db8::5]:4711"}, "2001:db8::5"},
           {"10.0.0.1", {"2001:db8::5"}, "2001:db8::5"},
           {"10.0.0.1", {"[2001:db8::5"}, "10.0.0.1"},
           {"::ffff:10.0.0.1", {"1.1.1.1"}, "1.1.1.1"},
           {"2001:db8:1::9", {"::ffff:1.1.1.1"}, "1.1.1.1"}}) {
    std::vector<Field> fields = {{"Host", "a"}, {"X-Real-IP", "6.6.6.6"}};
    for (const char* value : c.forwarded) fields.push_back({"x-forwarded-for", value});
    INFO(c.peer << " " << fields.back().value);
    CHECK(ClientAddress(Parsed(c.peer), fields, *trusted) == Parsed(c.client));
    CHECK(ClientAddress(Parsed(c.peer), fields, {}) == Parsed(c.peer));
  }
}

TEST_CASE("a proxy on a unix socket is trusted by its own word only") {
  const std::vector<Field> fields = {{"X-Forwarded-For", "1.1.1.1"}};
  CHECK(ClientAddress({}, fields, *TrustedProxies::Parse({"unix"})) == Parsed("1.1.1.1"));
  CHECK(ClientAddress({}, fields, *TrustedProxies::Parse({"0.0.0.0/0", "::/0"})) == Address{});
  const auto wrong = TrustedProxies::Parse({"10.0.0.0/8", "proxy.example.com"});
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().message.find("entry 2") == 0);
  CHECK(wrong.error().message.find("proxy.example.com") == std::string::npos);
}

}  // namespace
}  // namespace sampleproc::http

#include "http/middleware/host_check.h"

#include <catch2/catch.hpp>

#include "http/router.h"

namespace sampleproc::http {
namespace {

struct Case {
  const char* host;  // nullptr: the field is missing
  bool allowed;
};

bool Passes(HostCheck& check, const char* host, std::string_view local = "192.0.2.10") {
  Request request;
  request.local = *ParseAddress(local);
  if (host != nullptr) request.fields.push_back({"host", host});
  const auto refusal = check.OnHead(request);
  if (refusal) CHECK(refusal->status == 400);
  return !refusal;
}

TEST_CASE("hosts that are listed, ours, or the address itself") {
  HostCheck check({"Api.Example.com", "*.cams.example.com", "203.0.113.7", "[2001:db8::7]"},
                  {"sample-processor", "MACHINE"});
  for (const Case& c :
       std::initializer_list<Case>{{"api.example.com", true},
                                   {"API.example.COM", true},
                                   {"api.example.com.", true},
                                   {"api.example.com:8099", true},
                                   {"api.example.com.:8099", true},
                                   {"api.example.com..", false},
                                   {"evil.example.com", false},
                                   {"xapi.example.com", false},
                                   {"api.example.com.evil.com", false},
                                   {"a.cams.example.com", true},
                                   {"a.b.cams.example.com", true},
                                   {"cams.example.com", false},
                                   {".cams.example.com", false},
                                   {"xcams.example.com", false},
                                   {"sample-processor", true},
                                   {"machine:80", true},
                                   {"localhost", true},
                                   {"LOCALHOST.:1", true},
                                   {"localhost.evil.com", false},
                                   {"127.0.0.1", true},
                                   {"127.8.8.8:8099", true},
                                   {"[::1]", true},
                                   {"[::1]:8099", true},
                                   {"[::ffff:127.0.0.1]", true},
                                   {"192.0.2.10", true},  // the address the connection came in on
                                   {"192.0.2.10:8099", true},
                                   {"[::ffff:192.0.2.10]", true},
                                   {"192.0.2.11", false},
                                   {"203.0.113.7", true},
                                   {"[2001:db8::7]", true},
                                   {"[2001:0db8:0::7]:80", true},
                                   {"[2001:db8::8]", false},
                                   {"2130706433", false},  // 127.0.0.1 to some, a name to us
                                   {"0x7f.1", false},
                                   {"127.1", false},
                                   {"", false},
                                   {":8099", false},
                                   {"[", false},
                                   {"[]", false},
                                   {".", false},
                                   {nullptr, false}}) {
    INFO((c.host == nullptr ? "none" : c.host));
    CHECK(Passes(check, c.host) == c.allowed);
  }
  CHECK(Passes(check, "[2001:db8::99]:80", "2001:db8::99"));
}

TEST_CASE("a star allows any host, but not none") {
  HostCheck check({"*"}, {});
  CHECK(Passes(check, "evil.com"));
  CHECK(Passes(check, "198.51.100.1:1"));
  CHECK_FALSE(Passes(check, nullptr));
  CHECK_FALSE(Passes(check, ""));
}

TEST_CASE("no path is exempt, and neither is one that does not exist") {
  HostCheck check({}, {});
  const Route probe{Method::kGet, "/livez", {}, true, true};
  Request request;
  request.fields = {{"Host", "evil.com"}};
  request.route = &probe;
  CHECK(check.OnHead(request));
  request.route = nullptr;
  CHECK(check.OnHead(request));
}

// What Starlette's TrustedHostMiddleware answers with allowed_hosts=["example.com", "*.sub.com"]
// (Host up to the first colon, compared as it is), beside what we answer.
TEST_CASE("trusted hosts as Starlette has them, and where we differ") {
  HostCheck check({"example.com", "*.sub.com"}, {});
  struct Row {
    const char* host;
    bool starlette;
    bool ours;
    const char* why;  // of a difference
  };
  for (const Row& row : std::initializer_list<Row>{
           {"example.com", true, true, ""},
           {"example.com:80", true, true, ""},
           {"other.com", false, false, ""},
           {"a.sub.com", true, true, ""},
           {"a.b.sub.com", true, true, ""},
           {"sub.com", false, false, ""},
           {"xsub.com", false, false, ""},
           {"", false, false, ""},
           {nullptr, false, false, ""},
           {"EXAMPLE.com", false, true, "names have no case"},
           {"example.com.", false, true, "a dot at the end means the same host"},
           {"[::1]", false, true, "IPv6 literals are understood; loopback is always right"},
           {"127.0.0.1", false, true, "loopback is always right"},
           {"localhost", false, true, "loopback is always right"},
           {"192.0.2.10", false, true, "the address that the connection came in on"}}) {
    INFO((row.host == nullptr ? "none" : row.host));
    CHECK(Passes(check, row.host) == row.ours);
    CHECK((row.starlette == row.ours) == (std::string_view(row.why).empty()));
  }
  // And: with "www.example.com" allowed Starlette redirects example.com there; we answer 400.
  HostCheck www({"www.example.com"}, {});
  CHECK_FALSE(Passes(www, "example.com"));
}

TEST_CASE("patterns are names, addresses, *.name and *") {
  for (const char* right : {"*", "a", "example.com", "*.example.com", "1.2.3.4", "::1", "[::1]",
                            "a_b.example.com", "example.com."}) {
    INFO(right);
    CHECK(IsHostPattern(right));
  }
  for (const char* wrong : {"", "*.", "**", "a.*", "*a", "http://a", "a:80", "a/b", "a b", ".a",
                            "a..b", "*.*.a", "[::1]:80", "[a]"}) {
    INFO(wrong);
    CHECK_FALSE(IsHostPattern(wrong));
  }
}

}  // namespace
}  // namespace sampleproc::http

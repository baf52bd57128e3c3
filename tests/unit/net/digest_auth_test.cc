#include "net/digest_auth.h"

#include <catch2/catch.hpp>
#include <string>

namespace sampleproc::net {
namespace {

// RFC 7616, 3.9.1.
constexpr const char* kMd5 =
    "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=MD5, "
    "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
    "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
constexpr const char* kSha256 =
    "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, "
    "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
    "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";

std::string Answer(const DigestChallenge& challenge) {
  return AnswerDigest(challenge, "Mufasa:Circle of Life", "GET", "/dir/index.html", 1,
                      "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ");
}

TEST_CASE("the examples of RFC 7616 are answered as it answers them") {
  const auto md5 = FindDigest({kMd5});
  REQUIRE(md5);
  CHECK_THAT(Answer(*md5), Catch::Contains("response=\"8ca523f5e9506fed4657c9700eebdbec\""));
  const auto sha = FindDigest({kMd5, kSha256});  // the stronger one
  REQUIRE(sha);
  CHECK(Answer(*sha) ==
        "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", "
        "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", "
        "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\", "
        "algorithm=SHA-256, opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", qop=auth, "
        "nc=00000001, cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\"");
}

TEST_CASE("a challenge without qop is answered without a count") {
  // RFC 2069 has the formula, without an example that is right.
  const auto old = FindDigest({"digest realm=cam,nonce=abc=="});
  REQUIRE(old);
  CHECK(old->nonce == "abc==");
  CHECK(AnswerDigest(*old, "u:p", "GET", "/", 1, "c").find("nc=") == std::string::npos);
}

TEST_CASE("several schemes in one field are told apart") {
  const auto found =
      FindDigest({"Basic realm=\"a, Digest nonce=\\\"x\\\"\", Digest realm=\"b\", "
                  "nonce=\"n\", Negotiate abc=="});
  REQUIRE(found);
  CHECK((found->realm == "b" && found->nonce == "n"));
  CHECK(SchemesIn({"Basic realm=x", "Digest algorithm=SHA-3, nonce=a, Negotiate"}) ==
        "Basic, Digest (SHA-3), Negotiate");
}

TEST_CASE("what cannot be answered is no challenge") {
  for (const char* field :
       {"", "Basic realm=\"x\"", "Digest realm=\"x\"", "Digest nonce=a, algorithm=SHA-3",
        "Digest nonce=a, qop=auth-int", "Digest nonce=\"a\rb\"", "=,=\"", "Digest nonce=\"a"}) {
    CAPTURE(field);
    const auto found = FindDigest({field});
    CHECK((!found || std::string_view(field).ends_with("\"a")));
  }
}

TEST_CASE("what is wrong with a challenge that cannot be answered is told") {
  CHECK(WhyNoDigest({"Digest realm=\"x\""}) == "has no nonce");
  CHECK(WhyNoDigest({"Basic realm=\"x\"", "Digest nonce=a, qop=\"auth-int\""}) ==
        "offers no qop \"auth\", such as auth-int alone");
  CHECK(WhyNoDigest({"Digest nonce=a, algorithm=SHA-3"}) ==
        "names an algorithm other than MD5, SHA-256 and SHA-512-256");
  CHECK(WhyNoDigest({"Digest nonce=\"a\rb\""}) == "has control characters in it");
  CHECK(WhyNoDigest({"Negotiate"}).empty());
  CHECK(WhyNoDigest({"Digest realm=x, nonce=a"}).empty());
}

TEST_CASE("what goes back in quotes stays in them") {
  const auto found = FindDigest({R"(Digest realm="a\"b\\c", nonce="n")"});
  REQUIRE(found);
  CHECK(found->realm == R"(a"b\c)");
  CHECK_THAT(Answer(*found), Catch::Contains(R"(realm="a\"b\\c")"));
}

TEST_CASE("two cnonces differ") { CHECK(NewCnonce() != NewCnonce()); }

}  // namespace
}  // namespace sampleproc::net

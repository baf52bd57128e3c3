#include "config/redact.h"

#include <catch2/catch.hpp>

namespace sampleproc::config {
namespace {

TEST_CASE("users and passwords of URLs become stars of the same length") {
  CHECK(RedactCredentials("rtsp://admin:pw@10.0.0.1/a") == "rtsp://********@10.0.0.1/a");
  CHECK(RedactCredentials("x http://a@b and https://c:d@e@f/g@h") ==
        "x http://*@b and https://*****@f/g@h");
  for (const std::string_view clean :
       {"", "http://", "http://b:1/x@y", "http://b?x=a@b", "a@b", "http://@b", "http://a \"x@y"}) {
    CHECK(RedactCredentials(clean) == clean);
    CHECK_FALSE(HasCredentials(clean));
  }
  CHECK(HasCredentials("http://a:b@c"));
}

TEST_CASE("what is set under the name of a secret is not shown") {
  CHECK(RedactLine("password = \"x\"") == "password =****");
  CHECK(RedactLine("API_KEY=abc") == "API_KEY=***");
  CHECK(RedactLine("Auth_Token='a'") == "Auth_Token=***");
  CHECK(RedactLine("password_file = \"/x\"") == "password_file = \"/x\"");
  CHECK(RedactLine("name = \"x\"") == "name = \"x\"");
  CHECK(RedactLine("url = \"http://u:p@h\"") == "url = \"http://***@h\"");
}

}  // namespace
}  // namespace sampleproc::config

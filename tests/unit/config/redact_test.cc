#include "config/redact.h"

#include <catch2/catch.hpp>

namespace sampleproc::config {
namespace {

TEST_CASE("users and passwords of URLs become stars of the same length") {
  CHECK(RedactCredentials("rtsp://admin:pw@10.0.0.1/a") == "rtsp://********@10.0.0.1/a");
  CHECK(RedactCredentials("x http://a@b and https://c:d@e@f/g@h") ==
        "x http://*@b and https://*****@f/g@h");
  for (const std::string_view clean :
       {"", "http://", "http://b:1/x@y", "http://b?", "a@b", "http://@b", "http://a \"x@y"}) {
    CHECK(RedactCredentials(clean) == clean);
    CHECK_FALSE(HasCredentials(clean));
  }
  CHECK(HasCredentials("http://a:b@c"));
}

TEST_CASE("queries, tokens in paths and pasted PEMs become stars as well") {
  CHECK(RedactCredentials("see http://h/a?key=s3cret&b=x, and http://h?tok#f") ==
        "see http://h/a?key=******&b=*, and http://h?***#*");
  CHECK(RedactCredentials("https://hooks.example/services/T024BE7LDB8ZQ0123456/x") ==
        "https://hooks.example/services/********************/x");
  for (const std::string_view clean :
       {"http://h/api/v1/a-long-name-without-any/frames", "http://h/2026-11-28_cam0123456.jpeg"}) {
    CHECK(RedactCredentials(clean) == clean);
  }
  CHECK(RedactCredentials("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n") ==
        "-----BEGIN PRIVATE KEY-----******-----END PRIVATE KEY-----\n");
  CHECK(RedactCredentials("x -----BEGIN RSA") == "x -----BEGIN ***");
  const std::string middle = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";
  CHECK(RedactLine(middle) == std::string(middle.size(), '*'));
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

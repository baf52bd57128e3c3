#include "net/redact.h"

#include <catch2/catch.hpp>

namespace sampleproc::net {
namespace {

TEST_CASE("users and passwords of URLs become stars of the same length") {
  CHECK(RedactCredentials("rtsp://admin:pw@10.0.0.1/a") == "rtsp://********@10.0.0.1/a");
  CHECK(RedactCredentials("x http://a@b and https://c:d@e@f/g@h") ==
        "x http://*@b and https://*********@h");
  for (const std::string_view clean : {"", "http://", "http://b:1/x", "http://b?", "a@b",
                                       "http://@b", "a: b@c", "x: y:1@sha256:2"}) {
    CHECK(RedactCredentials(clean) == clean);
    CHECK_FALSE(HasCredentials(clean));
  }
  CHECK(HasCredentials("http://a:b@c"));
}

TEST_CASE("no character of a password in a URL ends what is hidden") {
  for (const std::string password :
       {"canary/77", "canary x y", "x canary y", "\\\"canary", "'canary", "canary,x", "?canary",
        "#canary", "@canary", "x://canary", "http://canary", "canary?a=b&c"}) {
    for (const std::string before : {"rtsp://viewer:", "RTSP://viewer:", "foo://viewer:", "viewer:",
                                     "rtsp:/viewer:", "rtsp//viewer:", "viewer:x://"}) {
      const std::string line = "url = \"" + before + password + "@10.0.0.5/s\"";
      const std::string shown = RedactLine(line);
      INFO(line << " " << shown);
      CHECK(shown.find("canary") == std::string::npos);
      CHECK(shown.size() == line.size());
    }
  }
  CHECK(RedactLine("url = \"rtsp://viewer:geheim/77@10.0.0.5/s\"") ==
        "url = \"rtsp://****************@10.0.0.5/s\"");
  CHECK(RedactCredentials("http://h/a?b=x@y&key=canary").find("canary") == std::string::npos);
  CHECK(RedactCredentials("http://a:b@h/?key=canary").find("canary") == std::string::npos);
}

TEST_CASE("passwords in the path of a URL become stars") {
  CHECK(RedactCredentials("\"rtsp://h/user=admin&Password=X&channel=1.sdp\"") ==
        "\"rtsp://h/user=admin&Password=*&channel=1.sdp\"");
  CHECK(RedactCredentials("rtsp://h/user=a_PASSWD=X_Y_stream=0.sdp") ==
        "rtsp://h/user=a_PASSWD=****************");
  CHECK(RedactCredentials("rtsp://h/pwd=a b&pass=c;d") == "rtsp://h/pwd=***&pass=*;d");
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
  CHECK(RedactLine("password: canary") == "password********");
  CHECK(RedactLine("password \"canary\"") == "password*********");
  CHECK(RedactLine("{\"redis\":{\"password\":\"canary\"}}") ==
        "{\"redis\":{\"password************");
  CHECK(RedactLine("consumer: {auth_tokens: [canary]}").find("canary") == std::string::npos);
  CHECK(RedactLine("password_file: /x") == "password_file: /x");
  CHECK(RedactLine("url = \"http://u:p@h\"") == "url = \"http://***@h\"");
}

TEST_CASE("secrets within tables on one line and in fields of requests become stars") {
  for (const std::string line :
       {"headers = { Authorization = \"Bearer canary\" }", "headers = {\"X-Api-Key\" = \"canary\"}",
        "x = { a = 1, cookie = 'canary' }", "Proxy-Authorization = \"canary\"",
        "value = \"Bearer canary\"", "value = 'Basic canary='", "apikey = \"canary\"",
        "aws_access_key = \"canary\"", "passphrase = \"canary\"", "pwd = \"canary\"",
        "jwt = 'canary'", "X-Auth: canary", "sessionid = \"canary\"", "set-cookie: canary",
        "otlp_header = \"x-key=canary\"", "username = \"u:canary\"",
        "consumer.redis.username = \"u:canary\"", "user = 'u:canary'"}) {
    const std::string shown = RedactLine(line);
    INFO(shown);
    CHECK(shown.find("canary") == std::string::npos);
    CHECK(shown.size() == line.size());
    CHECK(shown.substr(0, 4) == line.substr(0, 4));
  }
  for (const std::string clean : {"host = \"basics\"", "auth = true", "username = \"viewer\"",
                                  "tls_key = \"/k.pem\"", "timeout = \"1:00\"", "[camera.door]"}) {
    CHECK(RedactLine(clean) == clean);
  }
}

TEST_CASE("the path of a file and what stands behind it are shown") {
  for (const std::string clean :
       {"tls_key = \"/etc/tls/tls.key\"", "tls_key = \"/etc/tls.key\"  # of the proxy",
        "SAMPLEPROC_HTTP_TLS_KEY=/etc/tls/key  # of the proxy", "ca = [\"/run/secret/ca.pem\", 1]",
        "REDIS_PASSWORD_FILE=/run/secrets/redis_password", "tls_key: '/etc/tls.key.pem'",
        "x = {tls_key = \"tls/tls.key\", port = 1}", "- {name: REDIS_PASSWORD, valueFrom: {x: y}}",
        "{\"name\": \"A_TOKEN\"}"}) {
    CHECK(RedactLine(clean) == clean);
  }
  CHECK(RedactLine("- {name: REDIS_PASSWORD, value: canary}") ==
        "- {name: REDIS_PASSWORD, value*********");
  for (const std::string line :
       {"{\"name\":\"A_TOKEN\",\"value\":\"canary\"}", "{\"/etc/tls.key\": \"canary\"}",
        "a/password: canary", "a/token canary", "x: \"a/token canary\"", "/x/key = canary",
        "x = \"http://h/token canary\"", "username: password=canary", "hostname password: canary",
        "name: x, password: canary", "name: password: canary", "name: password canary",
        "password: canary==", "{\"password\": \"canary=\"}", "{name: A_TOKEN, value: \"canary=\"}",
        "{name: A_TOKEN, token: x, password: canary}"}) {
    INFO(RedactLine(line));
    CHECK(RedactLine(line).find("canary") == std::string::npos);
  }
}

TEST_CASE("a secret cut out does not show how long it was") {
  CHECK(CutCredentials("rtsp://me:pw@h/a?token=x&b=yyyy") == "rtsp://***@h/a?token=***&b=***");
  CHECK(CutCredentials("a*b ** http://u:p@h") == "a*b ** http://***@h");
  CHECK(CutCredentials("photo@2x.jpg") == "photo@2x.jpg");
  for (const char* plain : {"", "front-door", "1753_rtsp_cam-1_0001_deadbeef", "photo@2x.jpg"}) {
    CHECK(ShownId(plain) == plain);
  }
  CHECK(ShownId("rtsp://u:secret@h/s") == "rtsp://***@h/s");
  CHECK(ShownId("u:secret@h") == "***@h");
  CHECK(ShownId("cam?password=secret") == "cam?password=***");
}

}  // namespace
}  // namespace sampleproc::net

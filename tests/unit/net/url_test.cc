#include "net/url.h"

#include <catch2/catch.hpp>

namespace sampleproc::net {
namespace {

TEST_CASE("a URL in its parts") {
  struct Case {
    const char* text;
    const char* authority;
    const char* target;
    const char* host;
    int port;
    bool tls;
    const char* authorization;
  };
  for (const Case& c : {
           Case{"http://frame-buffer:8002", "frame-buffer:8002", "/", "frame-buffer", 8002, false,
                ""},
           Case{"HTTP://Host/a%20b?c=d#e", "Host", "/a%20b?c=d", "Host", 80, false, ""},
           Case{"https://host:443/", "host", "/", "host", 443, true, ""},
           Case{"https://[::1]:8443/x", "[::1]:8443", "/x", "::1", 8443, true, ""},
           Case{"http://127.0.0.1:80/", "127.0.0.1", "/", "127.0.0.1", 80, false, ""},
           // RFC 7617, section 2
           Case{"http://Aladdin:open%20sesame@h/", "h", "/", "h", 80, false,
                "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
       }) {
    CAPTURE(c.text);
    const auto url = ParseUrl(c.text);
    REQUIRE(url);
    CHECK(url->Authority() == c.authority);
    CHECK(url->target == c.target);
    CHECK(url->host == c.host);
    CHECK(url->port == c.port);
    CHECK(url->tls == c.tls);
    CHECK(url->Authorization() == c.authorization);
  }
}

TEST_CASE("what is no URL of ours") {
  for (const std::string& text :
       {std::string(), std::string("frame-buffer:8002"), std::string("//h/"),
        std::string("ftp://h/"), std::string("http:///x"), std::string("http://h:0/"),
        std::string("http://h:65536/"), std::string("http://h:80020/"), std::string("http://h:x/"),
        std::string("http://h/a b"), std::string("http://h/\r\nX: y"), std::string("http://[::1/"),
        "http://h/" + std::string(8000, 'a')}) {
    CAPTURE(text);
    CHECK_FALSE(ParseUrl(text));
  }
}

TEST_CASE("an RTSP URL has its own schemes and ports") {
  const auto plain = ParseRtspUrl("rtsp://me@10.0.0.5/stream1?a=b");
  REQUIRE(plain);
  CHECK((plain->host == "10.0.0.5" && plain->port == 554 && !plain->tls));
  CHECK(plain->target == "/stream1?a=b");
  const auto secure = ParseRtspUrl("RTSPS://[::1]:8322");
  CHECK(ParseRtspUrl("rtsps://h")->port == 322);
  REQUIRE(secure);
  CHECK((secure->host == "::1" && secure->port == 8322 && secure->tls));
  for (const char* text : {"http://h/", "rtsp://", "rtsp:/h", "rtsp://h:0/", "rtsp://h\r\nX: y/"}) {
    CHECK_FALSE(ParseRtspUrl(text));
  }
  CHECK_FALSE(ParseUrl("rtsp://h/"));
}

TEST_CASE("a path below a URL") {
  CHECK(Below(*ParseUrl("http://h"), "/health") == "/health");
  CHECK(Below(*ParseUrl("http://h/"), "/health") == "/health");
  CHECK(Below(*ParseUrl("http://h/a/b/"), "/health") == "/a/b/health");
  CHECK(Below(*ParseUrl("http://h/a?x=y"), "/health") == "/a/health");
}

}  // namespace
}  // namespace sampleproc::net

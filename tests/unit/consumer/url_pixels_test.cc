#include "consumer/pixels/url_pixels.h"

#include <catch2/catch.hpp>
#include <string>

#include "support/fake_clock.h"

namespace sampleproc::consumer {
namespace {

TEST_CASE("only hosts that are listed are asked, and no error repeats a URL") {
  testing::FakeClock clock;
  const net::Options options;
  int looked_up = 0;
  UrlPixels pixels(
      {"cameras.example.com", "*.lan", "10.0.0.7"}, 1000, options,
      [&](const std::string&, const base::Allowance&) -> base::Result<std::vector<std::string>> {
        ++looked_up;
        return base::Fail(base::ErrorCode::kUnavailable, "no such host");
      },
      clock);
  for (const char* url :
       {"http://other.example.com/a.jpg", "http://lan/canary", "http://user:canary@127.0.0.1/",
        "http://[::1]/", "http://cameras.example.com.evil.org/", "http://169.254.169.254/latest",
        "file:///etc/passwd", "canary", ""}) {
    CAPTURE(url);
    const auto bytes = pixels.Fetch(url, {}, {});
    REQUIRE_FALSE(bytes);
    CHECK(bytes.error().code == base::ErrorCode::kInvalidFrame);
    CHECK(bytes.error().message.find("canary") == std::string::npos);
    CHECK(pixels.HostOf(url).empty());
  }
  CHECK(looked_up == 0);
  for (const char* url : {"http://CAMERAS.example.com:8080/a.jpg", "https://one.lan/"}) {
    CHECK(pixels.Fetch(url, {}, {}).error().code == base::ErrorCode::kUnavailable);
  }
  CHECK(looked_up == 2);
  CHECK(pixels.HostOf("http://user:canary@one.lan:8080/a") == "one.lan:8080");
}

}  // namespace
}  // namespace sampleproc::consumer

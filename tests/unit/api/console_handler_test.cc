#include "api/console_handler.h"

#include <catch2/catch.hpp>

namespace sampleproc::api {
namespace {

TEST_CASE("the status page's policy names its script and its style, and lets nothing else in") {
  // printf %s 'b' | openssl dgst -sha256 -binary | base64
  const std::string policy = ConsolePolicy("<style>a</style>\n<script>b</script>");
  CHECK(policy.starts_with("default-src 'none'; "));
  CHECK(policy.find("script-src 'sha256-PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0='; ") !=
        policy.npos);
  CHECK(policy.find("style-src 'sha256-ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='; ") !=
        policy.npos);
  CHECK(policy.find("frame-ancestors 'none'") != policy.npos);
  CHECK(policy.find("unsafe") == policy.npos);
  CHECK(ConsolePolicy("<p>").find("script-src 'none'; style-src 'none'; ") != policy.npos);
}

TEST_CASE("the status page holds to its policy") {
  const std::string_view page = kConsolePage;
  CHECK(page.starts_with("<!DOCTYPE html>"));
  CHECK(page.find("<script>") != page.npos);
  CHECK(page.find("<script>") == page.rfind("<script"));
  CHECK(page.find("<style>") == page.rfind("<style"));
  for (const char* foreign : {" style=\"", " onclick=", " onload=", " onerror=", "innerHTML",
                              "src=\"http", "href=\"http", "javascript:", "eval("}) {
    INFO(foreign);
    CHECK(page.find(foreign) == page.npos);
  }
}

}  // namespace
}  // namespace sampleproc::api

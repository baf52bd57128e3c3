#include "http/router.h"

#include <catch2/catch.hpp>

namespace sampleproc::http {
namespace {

Router Cameras() {
  return Router({{.method = Method::kGet, .path = "/cameras"},
                 {.method = Method::kGet, .path = "/cameras/{id}"},
                 {.method = Method::kGet, .path = "/cameras/{id}/latest.jpg"},
                 {.method = Method::kGet, .path = "/cameras/stream"}});
}

std::string Found(std::string_view path) {
  const Router router = Cameras();
  const Route* route = router.Find(Method::kGet, path);
  return route == nullptr ? "" : route->path;
}

TEST_CASE("a parameter of a route stands for one part of the path that is not empty") {
  CHECK(Found("/cameras") == "/cameras");
  CHECK(Found("/cameras/door") == "/cameras/{id}");
  CHECK(Found("/cameras/a%2Fb") == "/cameras/{id}");
  CHECK(Found("/cameras/door/latest.jpg") == "/cameras/{id}/latest.jpg");
  CHECK(Found("/cameras/") == "");
  CHECK(Found("/cameras//latest.jpg") == "");
  CHECK(Found("/cameras/door/") == "");
  CHECK(Found("/cameras/door/latest.jpg/") == "");
  CHECK(Found("/cameras/door/other.jpg") == "");
  CHECK(Found("/camera/door") == "");
  CHECK(Found("cameras/door") == "");
  CHECK(Found("") == "");
}

TEST_CASE("a route without a parameter comes first") {
  CHECK(Found("/cameras/stream") == "/cameras/stream");
}

TEST_CASE("what a path with a parameter allows is said") {
  Request request;
  request.path = "/cameras/door";
  request.method = Method::kPost;
  const Response refused = Cameras().Refuse(request);
  CHECK(refused.status == 405);
  CHECK(refused.field_lines.find("Allow: GET, HEAD, OPTIONS\r\n") != std::string::npos);
}

base::Result<std::string> Id(std::string_view path) {
  const Router router = Cameras();
  Request request;
  request.path = path;
  request.route = router.Find(Method::kGet, path);
  return PathParameter(request, "id");
}

TEST_CASE("a parameter of the path is percent-decoded, and a plus is a plus") {
  CHECK(Id("/cameras/door").value() == "door");
  CHECK(Id("/cameras/front%20door+1/latest.jpg").value() == "front door+1");
  CHECK(Id("/cameras/a%2Fb").value() == "a/b");
  const auto broken = Id("/cameras/50%");
  REQUIRE_FALSE(broken);
  CHECK(broken.error().code == base::ErrorCode::kInvalidFrame);
  REQUIRE(broken.error().problems.size() == 1);
  CHECK(broken.error().problems[0].loc == std::vector<std::string>{"path", "id"});
}

}  // namespace
}  // namespace sampleproc::http

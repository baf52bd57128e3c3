#include "http/head_parser.h"

#include <array>
#include <catch2/catch.hpp>
#include <string>

namespace sampleproc::http {
namespace {

TEST_CASE("a path means the same with its unreserved characters escaped") {
  for (const auto& [target, path, query] :
       {std::array{"/%68ealth", "/health", ""},
        {"/%68%65al%74h?a=%68", "/health", "a=%68"},
        {"/cameras/%2E%7e%5F%2d/latest%2ejpg", "/cameras/.~_-/latest.jpg", ""},
        {"/cameras/a%2Fb%20%25%3F", "/cameras/a%2Fb%20%25%3F", ""},  // still one part
        {"/%2541", "/%2541", ""},                                    // once only
        {"/a%", "/a%", ""},
        {"/a%4", "/a%4", ""},
        {"/a%4x", "/a%4x", ""},
        {"/a%%41", "/a%A", ""},
        {"/a%+1", "/a%+1", ""},
        {"http://host/%41", "/A", ""},
        {"*", "*", ""},
        {"", "", ""}}) {
    CAPTURE(target);
    Request request;
    TakeTarget(target, request);
    CHECK(std::string(request.path) == std::string(path));
    CHECK(std::string(request.query) == std::string(query));
  }
}

}  // namespace
}  // namespace sampleproc::http

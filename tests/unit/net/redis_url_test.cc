#include "net/redis_url.h"

#include <catch2/catch.hpp>

namespace sampleproc::net {
namespace {

// The parts in one text: "tls host port user password db", "-" for what is not named.
std::string Parts(std::string_view text) {
  const auto url = ParseRedisUrl(text);
  if (!url) return "none";
  const auto number = [](auto part) { return part ? std::to_string(*part) : std::string("-"); };
  return std::string(url->tls ? "tls " : "") + url->host + " " + number(url->port) + " " +
         url->username.value_or("-") + " " + url->password.value_or("-") + " " + number(url->db);
}

TEST_CASE("a Redis URL names what it names, and no more") {
  CHECK(Parts("redis://redis") == "redis - - - -");
  CHECK(Parts("redis://redis/") == "redis - - - -");
  CHECK(Parts("redis://10.0.0.7:6380/2") == "10.0.0.7 6380 - - 2");
  CHECK(Parts("redis://:secret@redis:6379/0") == "redis 6379 - secret 0");
  CHECK(Parts("rediss://me:p%40ss%2Fword@[::1]:6380/3") == "tls ::1 6380 me p@ss/word 3");
  CHECK(Parts("redis://redis?db=4") == "redis - - - 4");
  CHECK(Parts("unix:///run/redis/redis.sock?db=1") == "/run/redis/redis.sock - - - 1");
  CHECK(Parts("redis+socket:///run/redis.sock") == "/run/redis.sock - - - -");
}

TEST_CASE("what a Redis URL asks for and does not get is named") {
  const auto ignored = [](std::string_view text) {
    std::string all;
    const auto url = ParseRedisUrl(text);
    for (const std::string& name : url->ignored) all += "[" + name + "]";
    return all;
  };
  CHECK(ignored("redis://r/0?db=1") == "");
  CHECK(ignored("redis://r/0?ssl=true&db=1&password=x") == "[ssl][password]");
  CHECK(ignored("redis://r/0?s3cret#frag") == "[][#]");
  CHECK(ignored("unix:///run/r.sock?db=1&protocol=3") == "[protocol]");
}

TEST_CASE("what is no Redis URL is none") {
  for (const char* text :
       {"", "redis", "redis:6379", "http://redis:6379", "redis://", "redis://:6379", "tcp://r:6379",
        "redis://redis:70000", "redis://redis:0", "redis://redis:63x9", "redis://redis/db",
        "redis://redis/-1", "redis://redis/1/2", "redis://redis?db=x", "unix://",
        "unix://host/path", "redis://us er@redis"}) {
    CAPTURE(text);
    CHECK(Parts(text) == "none");
  }
}

}  // namespace
}  // namespace sampleproc::net

// Hosts as people paste them, and lists with several wrong entries.
#include <algorithm>
#include <catch2/catch.hpp>

#include "config/loader.h"
#include "unit/config/loading.h"

namespace sampleproc::config {
namespace {

TEST_CASE("a host is a host alone; what is pasted with it is named with its key") {
  struct Case {
    const char *section, *host, *word;
  };
  for (const Case& c : std::initializer_list<Case>{{"http", "::1", ""},
                                                   {"http", "0.0.0.0", ""},
                                                   {"http", "localhost", ""},
                                                   {"http", "[::1]", "brackets"},
                                                   {"http", "[::1]:8000", "brackets"},
                                                   {"http", "127.0.0.1:8000", "port"},
                                                   {"http", "http://0.0.0.0", "URL"},
                                                   {"consumer.redis", "/run/redis.sock", ""},
                                                   {"consumer.redis", "redis.example.com", ""},
                                                   {"consumer.redis", "redis:6380", "port"},
                                                   {"consumer.redis", "redis://h:6379/0", "URL"},
                                                   {"http", "a,b", "a list"},
                                                   {"consumer.redis", "redis-1,redis-2", "a list"},
                                                   {"consumer.redis", "user@redis", "no host"}}) {
    INFO(c.host);
    const TempFile file("[" + std::string(c.section) + "]\nhost = \"" + c.host + "\"\n");
    const Loaded loaded = Load({.file = file.path()});
    const bool fine = std::string_view(c.word).empty();
    CHECK(loaded.HasErrors() != fine);
    if (fine) continue;
    REQUIRE(loaded.diagnostics.size() == 1);
    CHECK(loaded.diagnostics[0].code == "SP1118");
    CHECK(loaded.diagnostics[0].key == std::string(c.section) + ".host");
    CHECK_THAT(loaded.diagnostics[0].message, Catch::Contains(c.word));
    CHECK(loaded.diagnostics[0].origin.place.line == 2);
  }
}

TEST_CASE("each wrong entry of a list is an error under itself") {
  const TempFile file(
      "[http]\n"
      "cors_origins = [\"https://a.b/\", \"https://right.example.com\", \"a.b\",\n"
      "  \"https://c.d/x\"]\n"
      "allowed_hosts = [\"http://a\", \"b:80\"]\n"
      "trusted_proxies = [\"nginx\", \"10.0.0.0/8\", \"10.1.0.0/8\"]\n");
  const Loaded loaded = Load({.file = file.path()});
  std::vector<std::pair<std::uint32_t, std::uint32_t>> places;
  for (const Diagnostic& each : loaded.diagnostics) {
    places.emplace_back(each.origin.place.line, each.origin.place.column);
  }
  std::ranges::sort(places);
  CHECK(places == std::vector<std::pair<std::uint32_t, std::uint32_t>>{
                      {2, 17}, {2, 62}, {3, 3}, {4, 18}, {4, 30}, {5, 20}, {5, 43}});
}

}  // namespace
}  // namespace sampleproc::config

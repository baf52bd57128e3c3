#include <catch2/catch.hpp>

#include "config/loader.h"
#include "unit/config/loading.h"

namespace sampleproc::config {
namespace {

TEST_CASE("who may ask is written so that it means what it says") {
  struct Case {
    const char *text, *code;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"allowed_hosts = [\"*\", \"a.example.com\", \"*.b.example.com\", \"::1\"]", ""},
           {"allowed_hosts = [\"http://a\"]", "SP1111"},
           {"allowed_hosts = [\"a:80\"]", "SP1111"},
           {"cors_origins = [\"https://a.example.com\", \"http://localhost:3000\"]", ""},
           {"cors_origins = [\"https://a.example.com/\"]", "SP1112"},
           {"cors_origins = [\"a.example.com\"]", "SP1112"},
           {"cors_origins = [\"*\"]", ""},
           {"cors_origins = [\"https://a\"]\ncors_credentials = true", ""},
           {"cors_origins = [\"https://a\", \"*\"]\ncors_credentials = true", "SP1113"},
           {"trusted_proxies = [\"10.0.0.0/8\", \"unix\", \"2001:db8::1\"]", ""},
           {"trusted_proxies = [\"10.1.0.0/8\"]", "SP1114"},
           {"trusted_proxies = [\"nginx\"]", "SP1114"}}) {
    INFO(c.text);
    const TempFile file(std::string("[http]\n") + c.text + "\n");
    const Loaded loaded = Load({.file = file.path()});
    const bool fine = std::string_view(c.code).empty();
    CHECK(loaded.HasErrors() != fine);
    if (fine) continue;
    REQUIRE(loaded.diagnostics.size() == 1);
    CHECK(loaded.diagnostics[0].code == c.code);
    CHECK(loaded.diagnostics[0].origin.place.line > 1);
  }
}

TEST_CASE("the original's variables say who may ask") {
  const TempFile empty("");
  const Loaded loaded = Load({.environment = {{"ALLOWED_HOSTS", "a.example.com, *.b.example.com"},
                                              {"CORS_ORIGINS", "[\"https://a\",\"https://b\"]"},
                                              {"MAX_REQUESTS_PER_MINUTE", "120"}},
                              .file = empty.path(),
                              .original_names = true});
  CHECK_FALSE(loaded.HasErrors());
  CHECK(loaded.config.http.allowed_hosts ==
        std::vector<std::string>{"a.example.com", "*.b.example.com"});
  CHECK(loaded.config.http.cors_origins == std::vector<std::string>{"https://a", "https://b"});
  CHECK(loaded.config.http.max_requests_per_minute == 120);
}

}  // namespace
}  // namespace sampleproc::config

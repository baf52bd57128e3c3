// Where Redis is and how to log in, as other services are told, and what they would read.
#include <catch2/catch.hpp>

#include "unit/config/loading.h"

namespace sampleproc::config {
namespace {

Loaded From(Environment environment, const std::string& file = Empty()) {
  return Load({.environment = std::move(environment), .file = file, .original_names = true});
}

TEST_CASE("REDIS_URL is spread over the keys of its parts and turns the consumer on") {
  const Loaded loaded = From({{"REDIS_URL", "rediss://me:secret@db.example.com:6380/2"}});
  const consumer::RedisOptions& redis = loaded.config.consumer.redis;
  CHECK(Render(loaded) == "");
  CHECK(redis.host == "db.example.com");
  CHECK(redis.port == 6380);
  CHECK(redis.username == "me");
  CHECK(redis.password == "secret");
  CHECK(redis.db == 2);
  CHECK(redis.tls);
  CHECK(loaded.config.consumer.enabled);
  CHECK(loaded.config.consumer.source == consumer::Source::kRedis);
  CHECK(loaded.origins.at("consumer.redis.port").name == "REDIS_URL");
  CHECK(loaded.origins.at("consumer.enabled").name == "REDIS_URL");
}

TEST_CASE("a part of the URL yields to its own key, unless that comes from a weaker source") {
  const TempFile file(
      "[consumer.redis]\nport = 7000\ndb = 3\nhost = \"other\"\n"
      "password_file = \"/run/password\"\n");
  const Loaded over_file = From({{"REDIS_URL", "redis://:secret@redis:6380"}}, file.path());
  CHECK(over_file.config.consumer.redis.host == "redis");
  CHECK(over_file.config.consumer.redis.port == 6380);
  CHECK(over_file.config.consumer.redis.db == 3);  // not named by the URL
  CHECK(over_file.config.consumer.redis.password_file == "");
  CHECK(over_file.config.consumer.redis.password == "secret");

  const Loaded beside = From({{"REDIS_URL", "redis://:secret@redis:6380/1"},
                              {"REDIS_DB", "2"},
                              {"REDIS_PORT", "6380"},
                              {"REDIS_PASSWORD_FILE", "/run/password"}});
  CHECK(beside.config.consumer.redis.db == 2);
  CHECK(beside.config.consumer.redis.password_file == "/run/password");
  CHECK(Render(beside) ==
        "environment REDIS_DB: warning: consumer.redis.db: differs from what consumer.redis.url "
        "names, and is used instead [SP1009]\n  hint: set one of them\n");
}

TEST_CASE("what is not applied of a Redis URL is told by name, without its value") {
  const std::string text =
      Render(From({{"REDIS_URL", "redis://r/0?ssl=true&password=s3cret&ssl_ca_certs=/ca#s3cret"}}));
  INFO(text);
  for (const char* part :
       {"REDIS_URL: warning: consumer.redis.url: has the parameter \"ssl\", which is not applied "
        "[SP1018]\n  hint: begin the URL with rediss:// for TLS\n",
        "\"password\", which", "redis://user:password@host", "consumer.redis.tls_ca_file",
        "has a fragment (\"#...\")"}) {
    CHECK(text.find(part) != std::string::npos);
  }
  CHECK(text.find("s3cret") == std::string::npos);
  CHECK(Render(From({{"REDIS_URL", "rediss://r/0?db=1"}})) == "");
}

TEST_CASE("a wrong Redis URL says what it should be and not what it is") {
  const std::string text = Render(From({{"REDIS_URL", "redis://:s3cret@redis:port"}}));
  CHECK(text.find("REDIS_URL: error: consumer.redis.url: is not a URL such as "
                  "\"redis://user:password@redis:6379/0\" [SP1007]") != std::string::npos);
  CHECK(text.find("s3cret") == std::string::npos);
  const TempFile file("consumer.redis.url = \"redis://:s3/cret@redis:port\"\n");
  CHECK(Render(From({}, file.path())).find("cret") == std::string::npos);
}

TEST_CASE("NAME_FILE is a file with the value, where that may hold a secret") {
  const TempFile url("redis://:secret@redis/1\n");
  for (const char* name : {"REDIS_URL_FILE", "SAMPLEPROC_CONSUMER_REDIS_URL_FILE"}) {
    const Loaded loaded = From({{name, url.path()}});
    CHECK(Render(loaded) == "");
    CHECK(loaded.config.consumer.redis.password == "secret");
    CHECK(loaded.origins.at("consumer.redis.url").name == name);
  }
  const TempFile hook("https://hooks.example.com/T024/B8ZQ");
  CHECK(From({{"SAMPLEPROC_CONSUMER_WEBHOOK_URL_FILE", hook.path()}}).config.consumer.webhook.url ==
        "https://hooks.example.com/T024/B8ZQ");

  CHECK(Render(From({{"REDIS_URL_FILE", "/nonexistent/url"}})) ==
        "environment REDIS_URL_FILE: error: consumer.redis.url: the file /nonexistent/url cannot "
        "be read: No such file or directory [SP1001]\n"
        "  hint: name a file with the value on its only line\n");
  const Loaded both = From({{"REDIS_URL", "redis://one"}, {"REDIS_URL_FILE", url.path()}});
  CHECK(both.config.consumer.redis.host == "one");
  CHECK(Render(both) ==
        "environment REDIS_URL_FILE: warning: consumer.redis.url: REDIS_URL is set too, and is "
        "used instead [SP1009]\n  hint: unset one of them\n");
  CHECK_FALSE(Load({.environment = {{"REDIS_URL_FILE", "/nonexistent/url"}},
                    .file = Empty(),
                    .original_names = true,
                    .value_files = false})
                  .HasErrors());
}

TEST_CASE("variables that other services read are named, with the one to set instead") {
  struct Case {
    const char *name, *value, *words;
  };
  for (const Case& c :
       std::initializer_list<Case>{{"HOST", "0.0.0.0", "SAMPLEPROC_HTTP_HOST"},
                                   {"MEMORY_LIMIT", "2G", "MEMORY_LIMIT_MB"},
                                   {"REDIS_PASSWORD", "s3cret", "REDIS_PASSWORD_FILE"},
                                   {"REDIS_USER", "me", "REDIS_USERNAME"},
                                   {"REDIS_SSL", "true", "rediss://"},
                                   {"WORKERS", "4", "CPU_CORES"},
                                   {"API_KEY", "s3cret", "SAMPLEPROC_HTTP_AUTH_TOKENS_FILE"},
                                   {"LOG_FORMAT", "json", "SAMPLEPROC_TELEMETRY_LOG_FORMAT"},
                                   {"REQUEST_TIMEOUT", "5", "SAMPLEPROC_HTTP_REQUEST_DEADLINE"},
                                   {"DEBUG", "1", "LOG_LEVEL=debug"}}) {
    INFO(c.name);
    const std::string text = Render(From({{c.name, c.value}}));
    CHECK(text.find(c.name) != std::string::npos);
    CHECK(text.find("which this service does not read") != std::string::npos);
    CHECK(text.find(c.words) != std::string::npos);
    CHECK(text.find("s3cret") == std::string::npos);
  }
}

TEST_CASE("they are passed over where they cannot be meant, or the right one is set") {
  CHECK(Render(From({{"HOST", "my-machine"}})) == "");
  CHECK(Render(From({{"DEBUG", "0"}})) == "");
  CHECK(Render(From({{"MEMORY_LIMIT", "2G"}, {"MEMORY_LIMIT_MB", "2048"}})) == "");
  CHECK(Render(Load({.environment = {{"HOST", "0.0.0.0"}},
                     .flags = {{"http.host", "0.0.0.0", "--host"}},
                     .file = Empty(),
                     .original_names = true})) == "");
  CHECK(Render(Load({.environment = {{"HOST", "0.0.0.0"}}, .file = Empty()})) == "");
}

TEST_CASE("no deadline of processing is one that decoding stands behind") {
  const TempFile file("[process]\ndeadline = 0\n");
  CHECK(Render(From({}, file.path())) == "");
}

}  // namespace
}  // namespace sampleproc::config

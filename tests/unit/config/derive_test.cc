// What naming an upstream or a collector turns on, by variable, by file, by flag.
#include <catch2/catch.hpp>

#include "unit/config/loading.h"

namespace sampleproc::config {
namespace {

Loaded FromVariables(Environment environment) {
  return Load({.environment = std::move(environment), .file = Empty(), .original_names = true});
}

TEST_CASE("an orchestrator's or a Redis server's address turns the consumer on, with its origin") {
  const Loaded loaded = FromVariables({{"REDIS_HOST", "redis"}});
  CHECK(loaded.config.consumer.enabled);
  CHECK(loaded.config.consumer.source == consumer::Source::kRedis);
  CHECK(loaded.origins.at("consumer.enabled").name == "REDIS_HOST");
  CHECK(loaded.origins.at("consumer.source").name == "REDIS_HOST");
  CHECK(Render(loaded) == "");
  CHECK(FromVariables({{"ORCHESTRATOR_URL", "http://o:8002"}}).config.consumer.source ==
        consumer::Source::kRedis);
  CHECK(FromVariables({{"FRAME_BUFFER_URL", "http://b:8002"}}).config.consumer.enabled);
  CHECK_FALSE(FromVariables({{"PROCESSOR_ID", "x"}}).config.consumer.enabled);
}

TEST_CASE("a consumer that is off although an upstream is named is worth a warning") {
  const Loaded loaded =
      FromVariables({{"ENABLE_FRAME_CONSUMER", "false"}, {"FRAME_BUFFER_URL", "http://b:8002"}});
  CHECK_FALSE(loaded.config.consumer.enabled);
  CHECK(loaded.config.consumer.off_although_named);
  CHECK(Render(loaded) ==
        "environment ENABLE_FRAME_CONSUMER: warning: consumer.enabled: the consumer is off "
        "although consumer.http.url is set (environment FRAME_BUFFER_URL) [SP1108]\n"
        "  hint: set consumer.enabled to true, or unset the upstream\n");
}

TEST_CASE("a file that only spells out the defaults turns nothing on") {
  const TempFile file(
      "[consumer.redis]\nhost = \"redis\"\n[telemetry]\notlp_endpoint = \"\"\nmetrics = true\n");
  const Loaded loaded = Load({.file = file.path(), .original_names = true});
  CHECK(Render(loaded) == "");
  CHECK_FALSE(loaded.config.consumer.enabled);
  CHECK_FALSE(loaded.config.telemetry.tracing);
  const TempFile other("consumer.redis.host = \"db\"\n");
  CHECK(Load({.file = other.path()}).config.consumer.enabled);
  CHECK(Load({.flags = {{"consumer.redis.host", "redis", "--set consumer.redis.host"}},
              .file = Empty()})
            .config.consumer.enabled);
}

TEST_CASE("an endpoint turns tracing on unless it is turned off") {
  CHECK(FromVariables({{"JAEGER_ENDPOINT", "http://j:4318"}}).config.telemetry.tracing);
  CHECK_FALSE(FromVariables({{"JAEGER_ENDPOINT", "http://j:4318"}, {"ENABLE_TRACING", "false"}})
                  .config.telemetry.tracing);
}

TEST_CASE("commands that stand in for no service are not told what a service lacks") {
  const Loaded loaded = Load({.environment = {{"SAMPLEPROC_PROCESS_PREFER_GPU", "true"},
                                              {"SAMPLEPROC_CONSUMER_ENABLED", "true"}},
                              .file = Empty()});
  CHECK(Render(loaded) == "");
  CHECK(loaded.config.consumer.enabled);
}

TEST_CASE("a port that a cluster describes is passed over") {
  const Loaded loaded = FromVariables({{"REDIS_PORT", "tcp://10.0.0.3:6379"}});
  CHECK(Render(loaded) == "");
  CHECK(loaded.config.consumer.redis.port == 6379);
  CHECK_FALSE(loaded.config.consumer.enabled);
  const auto said = [](Environment more) {
    more.emplace_back("REDIS_PORT", "tcp://10.0.0.3:6380");
    return Render(FromVariables(more));
  };
  CHECK(said({}) == "");
  CHECK(said({{"REDIS_URL", "redis://db:6381"}}) == "");
  CHECK(said({{"REDIS_HOST", "db"}, {"SAMPLEPROC_CONSUMER_REDIS_PORT", "6380"}}) == "");
  CHECK(said({{"REDIS_HOST", "db"}})
            .starts_with("environment REDIS_PORT: warning: consumer.redis.port: is a service link "
                         "with port 6380 "));
}

TEST_CASE("a service link that has the name of a key's variable is told, unless the key is set") {
  const std::string name = "SAMPLEPROC_CONSUMER_REDIS_PORT";
  const Loaded loaded = FromVariables({{name, "tcp://10.0.0.1:6379"}});
  CHECK(
      Render(loaded) ==
      "environment " + name +
          ": warning: consumer.redis.port: is a service link, as Kubernetes and Docker set them, "
          "and is not read [SP1010]\n"
          "  hint: set it yourself, which wins over the link; enableServiceLinks: false keeps the "
          "link away\n");
  CHECK(loaded.config.consumer.redis.port == 6379);
  CHECK(Render(FromVariables({{name, "tcp://10.0.0.1:6379"}, {"REDIS_PORT", "6380"}})) == "");
}

}  // namespace
}  // namespace sampleproc::config

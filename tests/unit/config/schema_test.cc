#include "config/schema.h"

#include <catch2/catch.hpp>
#include <set>

#include "config/convert.h"
#include "config/loader.h"
#include "unit/config/loading.h"

namespace sampleproc::config {
namespace {

// A legal value of `key` other than its default, as one would write it in TOML.
std::string AnotherValue(const Key& key) {
  switch (key.kind) {
    case Kind::kString:
      if (key.max < 7) return "\"600\"";  // http.unix_socket_mode
      if (key.path.ends_with(".when")) return "\"3s\"";
      if (key.path.ends_with(".sha256")) return "\"" + std::string(64, 'a') + "\"";
      if (key.redis_url) return "\"redis://another\"";
      if (key.path == "mqtt.url") return "\"mqtt://another\"";
      return key.url ? "\"http://another:1\"" : "\"another\"";
    case Kind::kBool:
      return std::get<bool>(key.get(Config{})) ? "false" : "true";
    case Kind::kInt:
    case Kind::kSize:
      return std::to_string(std::min(key.max, key.min + 1));
    case Kind::kReal:
      return std::to_string(key.min) + ".25";
    case Kind::kDuration:
      return "\"" + std::to_string(key.min + 1) + "ms\"";
    case Kind::kStringList:
      if (key.words.empty()) return key.path == "http.trusted_proxies" ? "[\"unix\"]" : "[\"*\"]";
      return "[\"" + std::string(key.words.front()) + "\"]";
    case Kind::kEnum: {
      const bool is_last = std::get<std::string>(key.get(Config{})) == key.words.back();
      return "\"" + std::string(is_last ? key.words.front() : key.words.back()) + "\"";
    }
    case Kind::kPoint:
      return "[0.25, 0.5]";
    case Kind::kPolygon:
      return "[[0, 0], [1, 0], [1, 1]]";
    case Kind::kPolygons:
      return "[[[0, 0], [1, 0], [1, 1]]]";
  }
  return "";
}

std::string AsTomlLine(const Key& key, const std::string& value) {
  return std::string(key.path) + " = " + value + "\n";
}

TEST_CASE("the default of every key is in its range and reads back as itself") {
  for (const Key& key : MakeSchema()) {
    INFO(key.path);
    const Setting fallback = key.get(Config{});
    const TempFile file(AsTomlLine(key, FormatSetting(key, fallback)));
    const Loaded loaded = Load({.file = file.path()});
    CHECK(Render(loaded) == "");
    CHECK(key.get(loaded.config) == fallback);
  }
}

TEST_CASE("every key can be set by file, by its variable and by flag, and says so") {
  for (const Key& key : MakeSchema()) {
    INFO(key.path);
    const std::string text = AnotherValue(key);
    const std::string path(key.path);
    const bool wrong_alone = path == "http.tls_key";  // a key needs its certificate

    const TempFile file(AsTomlLine(key, text));
    const Loaded by_file = Load({.file = file.path()});
    CHECK(by_file.HasErrors() == wrong_alone);
    CHECK(FormatSetting(key, key.get(by_file.config)) != FormatSetting(key, key.get(Config{})));
    CHECK(by_file.origins.at(path).kind == Origin::Kind::kFile);
    CHECK(by_file.origins.at(path).place.line == 1);
    CHECK(by_file.origins.at(path).place.column == key.path.size() + 4);

    const Loaded by_variable = Load({.environment = {{VariableName(path), text}}, .file = Empty()});
    CHECK(by_variable.HasErrors() == wrong_alone);
    CHECK(key.get(by_variable.config) == key.get(by_file.config));
    CHECK(by_variable.origins.at(path) ==
          Origin{Origin::Kind::kEnvironment, VariableName(path), {}});

    const Loaded by_flag = Load({.flags = {{path, text, "--set " + path}}, .file = Empty()});
    CHECK(by_flag.HasErrors() == wrong_alone);
    CHECK(key.get(by_flag.config) == key.get(by_file.config));
    CHECK(by_flag.origins.at(path) == Origin{Origin::Kind::kFlag, "--set " + path, {}});
  }
}

TEST_CASE("every number above or below its range is refused with the key and the range") {
  for (const Key& key : MakeSchema()) {
    INFO(key.path);
    std::vector<std::string> outside;
    if (key.kind == Kind::kInt || key.kind == Kind::kSize) {
      outside = {std::to_string(key.max + 1), std::to_string(key.min - 1)};
    } else if (key.kind == Kind::kReal) {
      outside = {std::to_string(key.max) + ".0001", std::to_string(key.min - 1) + ".9999", "inf",
                 "nan"};
      if (key.min == 0) outside[1] = "-0.0001";
    } else if (key.kind == Kind::kDuration) {
      outside = {"\"" + std::to_string(key.max + 1) + "ms\"",
                 "\"" + std::to_string(key.min - 1) + "ms\""};
    }
    for (const std::string& text : outside) {
      const TempFile file(AsTomlLine(key, text));
      const Loaded loaded = Load({.file = file.path()});
      REQUIRE(loaded.Count(Severity::kError) == 1);
      const std::string message = Render(loaded);
      INFO(message);
      CHECK(message.find(": error: " + std::string(key.path) + ": ") != std::string::npos);
      CHECK(message.find(" is out of range; allowed is " + DescribeRange(key) + " [SP1004]") !=
            std::string::npos);
      CHECK(loaded.origins.at(std::string(key.path)).kind == Origin::Kind::kDefault);
    }
  }
}

TEST_CASE("a value of another type is refused in every key") {
  for (const Key& key : MakeSchema()) {
    INFO(key.path);
    const TempFile file(AsTomlLine(key, "2026-01-01"));
    const Loaded loaded = Load({.file = file.path()});
    REQUIRE(loaded.Count(Severity::kError) == 1);
    CHECK(loaded.diagnostics[0].message ==
          "expected " + DescribeKind(key) + ", found a date or time");
  }
}

TEST_CASE("the original's variables set their keys in the original's units") {
  struct Case {
    std::string name, text, path, meant;
  };
  const std::vector<Case> cases = {
      {"PORT", "9000", "http.port", "9000"},
      {"ALLOWED_HOSTS", "a.example.com", "http.allowed_hosts", "[\"a.example.com\"]"},
      {"CORS_ORIGINS", "https://a, https://b", "http.cors_origins",
       "[\"https://a\", \"https://b\"]"},
      {"MAX_REQUESTS_PER_MINUTE", "120", "http.max_requests_per_minute", "120"},
      {"PROCESSING_DELAY_MS", "250", "process.delay", "\"250ms\""},
      {"GRACEFUL_SHUTDOWN_TIMEOUT", "45", "service.shutdown_timeout", "\"45s\""},
      {"MEMORY_LIMIT_MB", "512", "resources.memory_limit", "\"512MiB\""},
      {"CPU_CORES", "3", "process.workers", "3"},
      {"DETECTION_THRESHOLD", "0.75", "process.detection_threshold", "0.75"},
      {"CONFIDENCE_THRESHOLD", "0.25", "process.detection_threshold", "0.25"},
      {"BATCH_SIZE", "20", "process.batch_size", "20"},
      {"SIMULATE_GPU", "True", "process.simulate_gpu", "true"},
      {"LOG_LEVEL", "WARN", "telemetry.log_level", "\"warning\""},
      {"ENABLE_FRAME_CONSUMER", "true", "consumer.enabled", "true"},
      {"PROCESSOR_ID", "cam", "consumer.processor_id", "\"cam\""},
      {"ORCHESTRATOR_URL", "http://o:1", "consumer.orchestrator_url", "\"http://o:1\""},
      {"CONSUMER_BATCH_SIZE", "5", "consumer.batch_size", "5"},
      {"POLL_INTERVAL_MS", "250", "consumer.poll_interval", "\"250ms\""},
      {"MAX_RETRIES", "5", "consumer.max_retries", "5"},
      {"BACKOFF_MS", "1500", "consumer.backoff", "\"1500ms\""},
      {"HEALTH_CHECK_INTERVAL", "45", "consumer.health_check_interval", "\"45s\""},
      {"FRAME_BUFFER_URL", "http://b:1", "consumer.http.url", "\"http://b:1\""},
      {"REDIS_HOST", "r", "consumer.redis.host", "\"r\""},
      {"REDIS_PORT", "6380", "consumer.redis.port", "6380"},
      {"REDIS_URL", "redis://r:1/2", "consumer.redis.url", "\"redis://r:1/2\""},
      {"REDIS_URL", "redis://r:1/2", "consumer.redis.db", "2"},
      {"REDIS_USERNAME", "me", "consumer.redis.username", "\"me\""},
      {"REDIS_PASSWORD_FILE", "/p", "consumer.redis.password_file", "\"/p\""},
      {"REDIS_DB", "3", "consumer.redis.db", "3"},
      {"CONNECTION_POOL_SIZE", "20", "net.pool_size", "20"},
      {"CONNECTION_TIMEOUT", "45", "net.connect_timeout", "\"45s\""},
      {"READ_TIMEOUT", "45", "net.read_timeout", "\"45s\""},
      {"ENABLE_METRICS", "false", "telemetry.metrics", "false"},
      {"METRICS_ENABLED", "0", "telemetry.metrics", "false"},
      {"ENABLE_TRACING", "on", "telemetry.tracing", "true"},
      {"JAEGER_ENDPOINT", "http://j:1", "telemetry.otlp_endpoint", "\"http://j:1\""},
      {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://j:1", "telemetry.otlp_endpoint", "\"http://j:1\""},
      {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://j:1/t", "telemetry.otlp_traces_endpoint",
       "\"http://j:1/t\""},
      {"OTEL_TRACES_EXPORTER", "none", "telemetry.traces_exporter", "\"none\""},
      {"OTEL_SDK_DISABLED", "true", "telemetry.sdk_disabled", "true"},
      {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc", "telemetry.otlp_protocol", "\"grpc\""},
      {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "telemetry.otlp_protocol", "\"http/json\""},
      {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=b", "telemetry.otlp_headers", "\"a=b\""},
      {"OTEL_EXPORTER_OTLP_HEADERS", "a=b", "telemetry.otlp_headers", "\"a=b\""},
      {"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "2500", "telemetry.otlp_timeout", "\"2500ms\""},
      {"OTEL_EXPORTER_OTLP_TIMEOUT", "2500", "telemetry.otlp_timeout", "\"2500ms\""},
      {"OTEL_TRACES_SAMPLER", "always_on", "telemetry.sampler", "\"always_on\""},
      {"OTEL_TRACES_SAMPLER_ARG", "0.25", "telemetry.sample_ratio", "0.25"},
      {"OTEL_RESOURCE_ATTRIBUTES", "a=b", "telemetry.resource_attributes", "\"a=b\""},
      {"OTEL_BSP_MAX_QUEUE_SIZE", "100", "telemetry.span_queue", "100"},
      {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10", "telemetry.span_batch", "10"},
      {"OTEL_BSP_SCHEDULE_DELAY", "2500", "telemetry.span_delay", "\"2500ms\""},
      {"OTEL_BSP_EXPORT_TIMEOUT", "2500", "telemetry.span_timeout", "\"2500ms\""},
      {"OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "/p", "telemetry.otlp_ca_file", "\"/p\""},
      {"OTEL_EXPORTER_OTLP_CERTIFICATE", "/p", "telemetry.otlp_ca_file", "\"/p\""},
      {"PREFER_GPU", "true", "process.prefer_gpu", "true"},
      {"SERVICE_NAME", "cam", "service.name", "\"cam\""},
      {"OTEL_SERVICE_NAME", "cam", "service.name", "\"cam\""},
      {"PROCESSOR_NAME", "cam", "service.name", "\"cam\""},
      {"SERVICE_VERSION", "1.10", "service.version", "\"1.10\""},
  };
  const std::vector<Key> schema = MakeSchema();
  std::set<std::string> tried;
  for (const Case& c : cases) {
    INFO(c.name);
    tried.insert(c.name);
    const Key* key = FindKey(schema, c.path);
    REQUIRE(key != nullptr);
    const Loaded loaded =
        Load({.environment = {{c.name, c.text}}, .file = Empty(), .original_names = true});
    CHECK_FALSE(loaded.HasErrors());
    CHECK(FormatSetting(*key, key->get(loaded.config)) == c.meant);
    CHECK(loaded.origins.at(c.path).name == c.name);

    const Loaded ignored = Load({.environment = {{c.name, c.text}}, .file = Empty()});
    CHECK(key->get(ignored.config) == key->get(Config{}));
  }
  for (const Key& key : schema) {
    for (const OriginalName& original : key.original_names) {
      CHECK(tried.contains(std::string(original.name)));
    }
  }
}

TEST_CASE("names of keys and variables are each used once") {
  std::set<std::string> paths;
  std::set<std::string> variables;
  for (const Key& key : MakeSchema()) {
    CHECK(paths.insert(std::string(key.path)).second);
    CHECK(variables.insert(VariableName(key.path)).second);
    CHECK_FALSE(key.help.empty());
    CHECK(key.help.ends_with('.'));
  }
  CHECK(VariableName("process.faces.min_size") == "SAMPLEPROC_PROCESS_FACES_MIN_SIZE");
}

TEST_CASE("the value of a secret key is never part of a refusal") {
  Key key = *FindKey(MakeSchema(), "telemetry.log_level");
  key.secret = true;
  const auto refused = ConvertText(key, "hunter2", 1);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message.find("hunter2") == std::string::npos);
}

}  // namespace
}  // namespace sampleproc::config

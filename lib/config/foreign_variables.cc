#include "config/foreign_variables.h"

#include <algorithm>
#include <iterator>

#include "base/ascii.h"
#include "http/address.h"

namespace sampleproc::config {
namespace {

struct Foreign {
  std::string_view name;
  std::string_view key;        // what it is about
  std::string_view hint = {};  // "" = set the key's variable
};

constexpr std::string_view kPasswordHint =
    "write the password to a file and set REDIS_PASSWORD_FILE to its path, or put it into "
    "REDIS_URL (redis://:PASSWORD@HOST:PORT)";
constexpr std::string_view kTokenHint =
    "write the tokens' SHA-256 hashes to a file and set SAMPLEPROC_HTTP_AUTH_TOKENS_FILE to its "
    "path";
constexpr std::string_view kMemoryHint =
    "set MEMORY_LIMIT_MB=2048, or SAMPLEPROC_RESOURCES_MEMORY_LIMIT=2GiB";
constexpr std::string_view kAddressHint = "set SAMPLEPROC_HTTP_HOST and PORT, or --host and --port";
constexpr std::string_view kMetricsHint =
    "scrape GET /metrics at PORT: metrics have no port of their own";
constexpr std::string_view kSentinelHint =
    "no Sentinel is asked: set REDIS_HOST to a name or a proxy that leads to the primary";
constexpr std::string_view kTimeoutHint = "set CONNECTION_TIMEOUT and READ_TIMEOUT, in seconds";
constexpr std::string_view kHostHint = "set REDIS_HOST and REDIS_PORT, or REDIS_URL";
constexpr std::string_view kClusterHint =
    "a cluster is not looked through: set REDIS_HOST to the node that has the streams";
constexpr std::string_view kBrokerHint = "set SAMPLEPROC_MQTT_URL=mqtt://HOST:1883";
constexpr std::string_view kBrokerPasswordHint =
    "write the password to a file and set SAMPLEPROC_MQTT_PASSWORD_FILE to its path";
constexpr std::string_view kDebugHint = "set LOG_LEVEL=debug";

// As uvicorn, gunicorn, Flask, Express, Celery, Spring, the images of Docker Hub and the examples
// of Redis clients call theirs.
constexpr Foreign kForeign[] = {
    {"HOST", "http.host", kAddressHint},
    {"BIND", "http.host", kAddressHint},
    {"BIND_ADDRESS", "http.host", kAddressHint},
    {"BIND_HOST", "http.host", kAddressHint},
    {"LISTEN", "http.host", kAddressHint},
    {"LISTEN_HOST", "http.host", kAddressHint},
    {"LISTEN_ADDR", "http.host", kAddressHint},
    {"LISTEN_ADDRESS", "http.host", kAddressHint},
    {"HTTP_HOST", "http.host", kAddressHint},
    {"HTTP_ADDR", "http.host", kAddressHint},
    {"SERVER_HOST", "http.host", kAddressHint},
    {"UVICORN_HOST", "http.host", kAddressHint},
    {"UVICORN_PORT", "http.port", "set PORT"},
    {"HTTP_PORT", "http.port", "set PORT"},
    {"SERVER_PORT", "http.port", "set PORT"},
    {"LISTEN_PORT", "http.port", "set PORT"},
    {"METRICS_PORT", "telemetry.metrics", kMetricsHint},
    {"PROMETHEUS_PORT", "telemetry.metrics", kMetricsHint},
    {"PROMETHEUS_METRICS_PORT", "telemetry.metrics", kMetricsHint},
    {"ROOT_PATH", "http.host", "have the proxy take the prefix off: paths begin with / here"},
    {"TRUSTED_PROXIES", "http.trusted_proxies"},
    {"FORWARDED_ALLOW_IPS", "http.trusted_proxies"},
    {"CORS_ALLOW_ORIGINS", "http.cors_origins", "set CORS_ORIGINS"},
    {"CORS_ALLOWED_ORIGINS", "http.cors_origins", "set CORS_ORIGINS"},
    {"TRUSTED_HOSTS", "http.allowed_hosts", "set ALLOWED_HOSTS"},
    {"RATE_LIMIT", "http.max_requests_per_minute", "set MAX_REQUESTS_PER_MINUTE"},
    {"RATE_LIMIT_PER_MINUTE", "http.max_requests_per_minute", "set MAX_REQUESTS_PER_MINUTE"},
    {"REQUEST_TIMEOUT", "http.request_deadline"},
    {"KEEP_ALIVE_TIMEOUT", "http.idle_timeout"},
    {"MAX_CONTENT_LENGTH", "http.max_request_bytes"},
    {"MAX_REQUEST_SIZE", "http.max_request_bytes"},
    {"MAX_UPLOAD_SIZE", "http.max_request_bytes"},
    {"SSL_CERTFILE", "http.tls_cert"},
    {"SSL_KEYFILE", "http.tls_key"},
    {"TLS_CERT_FILE", "http.tls_cert"},
    {"TLS_KEY_FILE", "http.tls_key"},
    {"API_KEY", "http.auth_tokens_file", kTokenHint},
    {"API_TOKEN", "http.auth_tokens_file", kTokenHint},
    {"AUTH_TOKEN", "http.auth_tokens_file", kTokenHint},
    {"AUTH_TOKENS", "http.auth_tokens_file", kTokenHint},
    {"AUTH_TOKENS_FILE", "http.auth_tokens_file"},
    {"WORKERS", "process.workers", "set CPU_CORES"},
    {"MAX_WORKERS", "process.workers", "set CPU_CORES"},
    {"NUM_WORKERS", "process.workers", "set CPU_CORES"},
    {"WEB_CONCURRENCY", "process.workers", "set CPU_CORES"},
    {"UVICORN_WORKERS", "process.workers", "set CPU_CORES"},
    {"CPU_LIMIT", "process.workers", "set CPU_CORES"},
    {"PIPELINE", "process.pipeline"},
    {"MEMORY_LIMIT", "resources.memory_limit", kMemoryHint},
    {"MAX_MEMORY", "resources.memory_limit", kMemoryHint},
    {"MAX_MEMORY_MB", "resources.memory_limit", kMemoryHint},
    {"REDIS_PASSWORD", "consumer.redis.password_file", kPasswordHint},
    {"REDIS_PASS", "consumer.redis.password_file", kPasswordHint},
    {"REDIS_AUTH", "consumer.redis.password_file", kPasswordHint},
    {"REDISCLI_AUTH", "consumer.redis.password_file", kPasswordHint},
    {"REDIS_USER", "consumer.redis.username", "set REDIS_USERNAME"},
    {"REDIS_DATABASE", "consumer.redis.db", "set REDIS_DB"},
    {"REDIS_URI", "consumer.redis.url", "set REDIS_URL"},
    {"REDIS_DSN", "consumer.redis.url", "set REDIS_URL"},
    {"REDIS_CONNECTION_STRING", "consumer.redis.url", "set REDIS_URL"},
    {"REDIS_DB_INDEX", "consumer.redis.db", "set REDIS_DB"},
    {"REDISHOST", "consumer.redis.host", "set REDIS_HOST"},
    {"REDISPORT", "consumer.redis.port", "set REDIS_PORT"},
    {"REDIS_HOSTNAME", "consumer.redis.host", "set REDIS_HOST"},
    {"REDIS_ADDR", "consumer.redis.host", kHostHint},
    {"REDIS_ADDRESS", "consumer.redis.host", kHostHint},
    {"REDIS_SERVER", "consumer.redis.host", kHostHint},
    {"REDIS_ENDPOINT", "consumer.redis.host", kHostHint},
    {"REDIS_CLUSTER", "consumer.redis.host", kClusterHint},
    {"REDIS_CLUSTER_NODES", "consumer.redis.host", kClusterHint},
    {"REDIS_SENTINELS", "consumer.redis.host", kSentinelHint},
    {"REDIS_SENTINEL", "consumer.redis.host", kSentinelHint},
    {"REDIS_SENTINEL_HOST", "consumer.redis.host", kSentinelHint},
    {"REDIS_SENTINEL_HOSTS", "consumer.redis.host", kSentinelHint},
    {"REDIS_SENTINEL_MASTER", "consumer.redis.host", kSentinelHint},
    {"REDIS_TIMEOUT", "net.connect_timeout", kTimeoutHint},
    {"REDIS_SOCKET_TIMEOUT", "net.connect_timeout", kTimeoutHint},
    {"REDIS_CONNECT_TIMEOUT", "net.connect_timeout", kTimeoutHint},
    {"REDIS_SSL", "consumer.redis.tls",
     "begin REDIS_URL with rediss://, or set "
     "SAMPLEPROC_CONSUMER_REDIS_TLS"},
    {"REDIS_TLS", "consumer.redis.tls",
     "begin REDIS_URL with rediss://, or set "
     "SAMPLEPROC_CONSUMER_REDIS_TLS"},
    {"REDIS_STREAM", "consumer.redis.stream"},
    {"INPUT_STREAM", "consumer.redis.stream"},
    {"CONSUMER_GROUP", "consumer.redis.group"},
    {"REDIS_GROUP", "consumer.redis.group"},
    {"OUTPUT_STREAM", "consumer.redis.results_stream"},
    {"RESULTS_STREAM", "consumer.redis.results_stream"},
    {"MQTT_URL", "mqtt.url", kBrokerHint},
    {"MQTT_HOST", "mqtt.url", kBrokerHint},
    {"MQTT_PORT", "mqtt.url", kBrokerHint},
    {"MQTT_SERVER", "mqtt.url", kBrokerHint},
    {"MQTT_BROKER", "mqtt.url", kBrokerHint},
    {"MQTT_BROKER_URL", "mqtt.url", kBrokerHint},
    {"MQTT_USER", "mqtt.username"},
    {"MQTT_USERNAME", "mqtt.username"},
    {"MQTT_PASSWORD", "mqtt.password_file", kBrokerPasswordHint},
    {"MQTT_PASSWORD_FILE", "mqtt.password_file"},
    {"MQTT_TOPIC", "mqtt.topic"},
    {"MQTT_TOPIC_PREFIX", "mqtt.topic"},
    {"MQTT_CLIENT_ID", "mqtt.client_id"},
    {"WEBHOOK_URL", "consumer.webhook.url"},
    {"LOG_FORMAT", "telemetry.log_format"},
    {"LOGLEVEL", "telemetry.log_level", "set LOG_LEVEL"},
    {"LOGGING_LEVEL", "telemetry.log_level", "set LOG_LEVEL"},
    {"DEBUG", "telemetry.log_level", kDebugHint},
    {"VERBOSE", "telemetry.log_level", kDebugHint},
    {"SHUTDOWN_TIMEOUT", "service.shutdown_timeout", "set GRACEFUL_SHUTDOWN_TIMEOUT"},
    {"GRACEFUL_TIMEOUT", "service.shutdown_timeout", "set GRACEFUL_SHUTDOWN_TIMEOUT"},
    {"CONFIG_FILE", "", "set SAMPLEPROC_CONFIG"},
    {"CONFIG_PATH", "", "set SAMPLEPROC_CONFIG"},
};

const Foreign* Find(std::string_view name) {
  const auto found = std::ranges::find(kForeign, name, &Foreign::name);
  return found == std::end(kForeign) ? nullptr : found;
}

// Whether the value can be meant for a service: csh and others set HOST to the machine's name, and
// DEBUG=0 asks for what is so anyway.
bool MeansSomething(std::string_view name, std::string_view value) {
  if (base::TrimBlanks(value).empty()) return false;
  if (value.find("://") != std::string_view::npos) {
    // A port that is a URL is a service link's.
    constexpr std::string_view kOfUrls[] = {"_URI",   "_DSN",     "_URL",     "_STRING",
                                            "_ADDR",  "_ADDRESS", "_SERVER",  "_CLUSTER",
                                            "_NODES", "_BROKER",  "_ENDPOINT"};
    return std::ranges::any_of(kOfUrls, [&](std::string_view end) { return name.ends_with(end); });
  }
  if (name == "HOST" || name == "HTTP_HOST") {
    return value == "localhost" || value == "*" || http::ParseAddress(value).has_value();
  }
  if (name == "DEBUG" || name == "VERBOSE") return value == "1" || value == "true";
  return true;
}

bool IsSetOtherwise(std::string_view key, const LoadRequest& request, const Assembly& assembly) {
  const auto origin = assembly.result.origins.find(std::string(key));
  if (origin != assembly.result.origins.end() &&
      origin->second.kind == Origin::Kind::kEnvironment) {
    return true;
  }
  return std::ranges::find(request.flags, key, &Flag::path) != request.flags.end();
}

}  // namespace

bool IsForeignVariable(std::string_view name) { return Find(name) != nullptr; }

void ReportForeignVariables(const LoadRequest& request, Assembly& assembly) {
  for (const auto& [name, value] : request.environment) {
    const Foreign* foreign = Find(name);
    if (foreign == nullptr || !MeansSomething(name, value) ||
        IsSetOtherwise(foreign->key, request, assembly)) {
      continue;
    }
    std::string hint(foreign->hint);
    if (hint.empty()) hint = "set " + VariableName(foreign->key);
    assembly.Report({Severity::kWarning,
                     code::kForeign,
                     {Origin::Kind::kEnvironment, name, {}},
                     std::string(foreign->key),
                     "is not set by " + name + ", which this service does not read",
                     std::move(hint),
                     ""});
  }
}

}  // namespace sampleproc::config

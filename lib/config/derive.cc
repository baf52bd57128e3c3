#include "config/derive.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>

#include "base/ascii.h"
#include "config/convert.h"
#include "config/event_rules.h"
#include "config/print.h"
#include "consumer/activation.h"
#include "net/redis_url.h"
#include "telemetry/otlp.h"

namespace sampleproc::config {
namespace {

constexpr char kEnabled[] = "consumer.enabled";
constexpr char kSource[] = "consumer.source";
constexpr char kOrchestratorUrl[] = "consumer.orchestrator_url";
constexpr char kRedisHost[] = "consumer.redis.host";
constexpr char kRedisUrl[] = "consumer.redis.url";
constexpr char kBufferUrl[] = "consumer.http.url";
constexpr char kSinks[] = "consumer.sinks";
constexpr char kTracing[] = "telemetry.tracing";
constexpr char kEndpoint[] = "telemetry.otlp_endpoint";
constexpr char kTracesEndpoint[] = "telemetry.otlp_traces_endpoint";
constexpr char kTracesExporter[] = "telemetry.traces_exporter";
constexpr char kSdkDisabled[] = "telemetry.sdk_disabled";
constexpr char kPreferGpu[] = "process.prefer_gpu";
constexpr char kPipeline[] = "process.pipeline";
constexpr char kModel[] = "detector.objects.model";
constexpr char kModelDir[] = "process.model_dir";

// The network that packaging/fetch-models.sh brings for people, vehicles and animals.
constexpr char kNetwork[] = "yolox_nano.onnx";

class Deriver {
 public:
  Deriver(bool report, Assembly& assembly)
      : report_(report), assembly_(assembly), config_(assembly.result.config) {}

  // What consumer.redis.url names counts like the keys of its parts; a key that was set by the same
  // or a stronger source wins.
  void RedisUrl() {
    consumer::RedisOptions& redis = config_.consumer.redis;
    const auto url = net::ParseRedisUrl(redis.url);
    if (!url) return;
    for (const std::string& name : url->ignored) WarnOfIgnored(name);
    Part(kRedisHost, redis.host, url->host);
    if (url->port) Part("consumer.redis.port", redis.port, *url->port);
    if (url->username) Part("consumer.redis.username", redis.username, *url->username);
    if (url->db) Part("consumer.redis.db", redis.db, *url->db);
    if (url->tls) Part("consumer.redis.tls", redis.tls, true);
    if (!url->password) return;
    if (OriginOf("consumer.redis.password_file").kind < OriginOf(kRedisUrl).kind) {
      redis.password_file.clear();
    }
    redis.password = *url->password;
  }

  // A network beats what is built in, where nothing was said about steps and it is there.
  void Models() {
    process::Options& process = config_.process;
    if (IsSet(kPipeline)) return;
    NoteDerived(kPipeline);
    const auto objects = std::ranges::find(process.detectors, std::string("objects"),
                                           &detect::DetectorOptions::name);
    if (objects == process.detectors.end() || !objects->model.empty()) return;
    NoteDerived(kModel);
    std::error_code ignored;
    const std::filesystem::path folder = process.models.model_dir;
    if (!std::filesystem::is_regular_file(folder / kNetwork, ignored)) return;
    objects->model = kNetwork;
    Follow(kModel, kModelDir);
    std::ranges::replace(process.pipeline, "people", objects->name);
  }

  void Consumer() {
    consumer::Options& consumer = config_.consumer;
    consumer::Wishes wishes;
    const consumer::Options defaults;
    wishes.orchestrator_url = Names(kOrchestratorUrl, consumer.orchestrator_url, "");
    wishes.redis_host = Names(kRedisHost, consumer.redis.host, defaults.redis.host);
    wishes.frame_buffer_url = Names(kBufferUrl, consumer.http.url, defaults.http.url);
    if (IsSet(kEnabled)) wishes.enabled = consumer.enabled;
    if (IsSet(kSource)) wishes.source = consumer.source;
    const consumer::Activation activation = consumer::Decide(wishes);
    consumer.enabled = activation.enabled;
    consumer.source = activation.source;
    consumer.off_although_named = false;
    if (activation.named != consumer::Reason::kNone) {
      const char* named = KeyOf(activation.named);
      if (!IsSet(kSource)) Follow(kSource, named);
      if (!IsSet(kEnabled)) Follow(kEnabled, named);
      if (!activation.enabled) {
        consumer.off_although_named = true;
        Warn(code::kDetached, kEnabled,
             "the consumer is off although " + std::string(named) + " is set (" +
                 Where(OriginOf(named)) + ")",
             "set consumer.enabled to true, or unset the upstream");
      }
      if (activation.enabled && activation.source == consumer::Source::kRedis &&
          wishes.frame_buffer_url && !wishes.source) {
        Warn(code::kTwoNames, kBufferUrl,
             "is not used: frames come from Redis, because " + std::string(named) + " is set (" +
                 Where(OriginOf(named)) + ")",
             "unset one of them, or say which in consumer.source");
      }
    }
    if (!IsSet(kSource)) NoteDerived(kSource);
    if (!IsSet(kEnabled)) NoteDerived(kEnabled);
    if (consumer.enabled && consumer.source == consumer::Source::kHttp && consumer.sinks.empty() &&
        !EventsGoBesideSinks(config_)) {
      Warn(code::kSinks, kSinks,
           "is empty: what is found in frames from consumer.http.url is only counted",
           "list \"log\", \"file\", \"redis\" or \"webhook\", or keep events: the step \"track\" "
           "and "
           "events.history");
    }
  }

  void Telemetry() {
    telemetry::Options& telemetry = config_.telemetry;
    const char* const endpoint = IsSet(kTracesEndpoint) ? kTracesEndpoint : kEndpoint;
    const bool names_collector =
        !telemetry.otlp_endpoint.empty() || !telemetry.otlp_traces_endpoint.empty();
    if (!IsSet(kTracing) && IsSet(endpoint) && names_collector) {
      telemetry.tracing = true;
      Follow(kTracing, endpoint);
    }
    if (telemetry.sdk_disabled || telemetry.traces_exporter == telemetry::TracesExporter::kNone) {
      telemetry.tracing = false;
      Follow(kTracing, telemetry.sdk_disabled ? kSdkDisabled : kTracesExporter);
    }
    if (!IsSet(kTracing)) NoteDerived(kTracing);
    if (!telemetry.tracing) return;
    const telemetry::OtlpTarget target = telemetry::TargetOf(telemetry);
    if (!target.note.empty()) {
      Warn(code::kOtlpPort, endpoint, target.note,
           "set it to a port that takes OTLP over HTTP, which is mostly 4318, or set "
           "telemetry.otlp_protocol to \"http/json\" if this port does");
    } else if (target.url.empty()) {
      Warn(code::kNoCollector, kTracing, "is on, and there is no collector to send spans to",
           "set telemetry.otlp_endpoint to its URL, such as http://collector:4318");
    }
    if (target.drops_query) {
      Warn(code::kOtlpQuery, endpoint, "has a query, which is not sent to the collector",
           "set telemetry.otlp_traces_endpoint to the whole URL, path and query included, or put a "
           "key into telemetry.otlp_headers");
    }
  }

  void Gpu() {
    if (!config_.process.prefer_gpu) return;
    Warn(code::kNoGpu, kPreferGpu, "there is no GPU that a step could use; all work is on the CPUs",
         "");
  }

 private:
  Origin& OriginOf(const char* key) { return assembly_.result.origins[key]; }
  bool IsSet(const char* key) { return OriginOf(key).kind != Origin::Kind::kDefault; }

  void NoteDerived(const char* key) { assembly_.result.derived.insert(key); }

  // Whether `key` names an upstream: a file that only spells out the default asks for nothing.
  bool Names(const char* key, const std::string& value, const std::string& fallback) {
    if (!IsSet(key) || value.empty()) return false;
    return OriginOf(key).kind != Origin::Kind::kFile || value != fallback;
  }

  template <typename T>
  void Part(const char* key, T& member, const T& named) {
    if (OriginOf(key).kind < OriginOf(kRedisUrl).kind) {
      member = named;
      Follow(key, kRedisUrl);
    } else if (OriginOf(key).kind == OriginOf(kRedisUrl).kind && member != named) {
      Warn(code::kTwoNames, key, "differs from what consumer.redis.url names, and is used instead",
           "set one of them");
    }
  }

  void WarnOfIgnored(const std::string& name) {
    std::string what = "has the parameter \"" + Shown(name) + "\", which is not applied";
    if (name.empty()) what = "has a query without a name, which is not applied";
    if (name == "#") what = "has a fragment (\"#...\"), which is not applied";
    const std::string lower = base::Lowercase(name);
    std::string hint = "leave it out";
    if (name == "#") {
      hint += "; in a password write %23 for #";
    } else if (lower.contains("ca_cert") || lower.contains("cafile") || lower.contains("ca_file")) {
      hint = "begin the URL with rediss:// and set consumer.redis.tls_ca_file";
    } else if (lower.contains("ssl") || lower.contains("tls")) {
      hint = "begin the URL with rediss:// for TLS";
    } else if (lower.contains("pass") || lower.contains("user") || lower == "auth") {
      hint =
          "write user and password before the host, redis://user:password@host, or set "
          "consumer.redis.username and consumer.redis.password_file";
    }
    Warn(code::kUrlPart, kRedisUrl, std::move(what), std::move(hint));
  }

  static const char* KeyOf(consumer::Reason reason) {
    switch (reason) {
      case consumer::Reason::kOrchestratorUrl:
        return kOrchestratorUrl;
      case consumer::Reason::kRedisHost:
        return kRedisHost;
      default:
        return kBufferUrl;
    }
  }

  void Follow(const char* key, const char* leader) {
    OriginOf(key) = OriginOf(leader);
    assembly_.source_lines[key] = assembly_.source_lines[leader];
  }

  void Warn(std::string_view code, const char* key, std::string message, std::string hint) {
    if (!report_) return;
    assembly_.Report({Severity::kWarning, code, OriginOf(key), key, std::move(message),
                      std::move(hint), assembly_.source_lines[key]});
  }

  const bool report_;
  Assembly& assembly_;
  Config& config_;
};

}  // namespace

void Derive(bool report, Assembly& assembly) {
  Deriver deriver(report, assembly);
  deriver.RedisUrl();
  deriver.Models();
  deriver.Consumer();
  deriver.Telemetry();
  deriver.Gpu();
}

}  // namespace sampleproc::config

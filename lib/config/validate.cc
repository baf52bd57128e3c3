#include "config/validate.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>

#include "base/ascii.h"
#include "base/suggest.h"
#include "config/camera_source_rules.h"
#include "config/convert.h"
#include "config/convert_hints.h"
#include "config/event_rules.h"
#include "config/mqtt_rules.h"
#include "config/pipeline_rules.h"
#include "config/scene_rules.h"
#include "config/sink_rules.h"
#include "config/units.h"
#include "consumer/stream_name.h"
#include "http/client_address.h"
#include "http/host_patterns.h"
#include "http/middleware/cors.h"
#include "process/pipeline.h"
#include "telemetry/otlp.h"

namespace sampleproc::config {
namespace {

std::string Entry(std::size_t index) { return "entry " + std::to_string(index + 1); }

std::string Bytes(std::size_t bytes) { return FormatSize(static_cast<std::int64_t>(bytes)); }

std::optional<Finding> DrainDelayLeavesTime(const Config& config) {
  const ServiceOptions& service = config.service;
  if (service.drain_delay < service.shutdown_timeout) return std::nullopt;
  return Finding{Severity::kError, code::kDrainDelay, "service.drain_delay",
                 FormatDuration(service.drain_delay) + " leaves no time to finish: " +
                     "service.shutdown_timeout is " + FormatDuration(service.shutdown_timeout),
                 "set it below service.shutdown_timeout"};
}

std::optional<Finding> LargestFrameFitsRequest(const Config& config) {
  const std::size_t needed = config.frame.max_frame_data_chars + config.frame.max_metadata_bytes;
  if (needed < config.http.max_request_bytes) return std::nullopt;
  return Finding{Severity::kWarning, code::kFrameLimits, "http.max_request_bytes",
                 Bytes(config.http.max_request_bytes) +
                     " is too small for the largest frame_data and metadata, which need more "
                     "than " +
                     std::to_string(needed) + " bytes together",
                 "raise it, or lower http.max_frame_data_chars or http.max_metadata_bytes"};
}

std::optional<Finding> IdleTimeoutOutlastsBalancers(const Config& config) {
  if (config.http.idle_timeout >= std::chrono::seconds(60)) return std::nullopt;
  return Finding{Severity::kWarning, code::kIdleTimeout, "http.idle_timeout",
                 FormatDuration(config.http.idle_timeout) +
                     " is shorter than the 60s for which most load balancers reuse a connection",
                 "set it longer than your load balancer's idle timeout"};
}

std::optional<Finding> KeyHasCertificate(const Config& config) {
  if (config.http.tls_key.empty() || !config.http.tls_cert.empty()) return std::nullopt;
  return Finding{Severity::kError, code::kTls, "http.tls_key",
                 "a key is of no use without http.tls_cert", "set http.tls_cert as well"};
}

std::optional<Finding> StuckIsBeyondDeadline(const Config& config) {
  if (config.service.stuck_after > config.process.deadline) return std::nullopt;
  return Finding{Severity::kWarning, code::kDeadlines, "service.stuck_after",
                 FormatDuration(config.service.stuck_after) +
                     " calls a worker stuck that is within process.deadline, " +
                     FormatDuration(config.process.deadline),
                 "set it longer than process.deadline"};
}

std::optional<Finding> LongestTargetFitsHead(const Config& config) {
  if (config.http.max_target_bytes < config.http.max_head_bytes) return std::nullopt;
  return Finding{Severity::kWarning, code::kHeadLimits, "http.max_target_bytes",
                 Bytes(config.http.max_target_bytes) +
                     " can never be reached: http.max_head_bytes is " +
                     Bytes(config.http.max_head_bytes),
                 "set it below http.max_head_bytes"};
}

std::optional<Finding> DecodingEndsBeforeProcessing(const Config& config) {
  // 0 is no limit, which nothing stands behind.
  if (config.process.deadline.count() == 0 || config.codec.deadline <= config.process.deadline) {
    return std::nullopt;
  }
  return Finding{Severity::kWarning, code::kDeadlines, "codec.deadline",
                 FormatDuration(config.codec.deadline) +
                     " can never be reached: process.deadline is " +
                     FormatDuration(config.process.deadline),
                 "set it to process.deadline at most"};
}

std::optional<Finding> ProcessingEndsBeforeAnswer(const Config& config) {
  if (config.process.deadline <= config.http.request_deadline) return std::nullopt;
  return Finding{Severity::kWarning, code::kDeadlines, "process.deadline",
                 FormatDuration(config.process.deadline) +
                     " can never be reached over HTTP: http.request_deadline is " +
                     FormatDuration(config.http.request_deadline),
                 "set it to http.request_deadline at most"};
}

std::optional<Finding> BudgetHoldsOneRequest(const Config& config) {
  const std::size_t limit = config.resources.memory_limit;
  if (limit == 0 || limit >= config.http.max_request_bytes) return std::nullopt;
  return Finding{Severity::kWarning, code::kMemory, "resources.memory_limit",
                 Bytes(limit) + " cannot hold one request of http.max_request_bytes, " +
                     Bytes(config.http.max_request_bytes),
                 "raise it to several times http.max_request_bytes"};
}

std::optional<Finding> BudgetHoldsOnePicture(const Config& config) {
  const std::size_t limit = config.resources.memory_limit;
  if (limit == 0 || limit >= config.codec.max_frame_bytes) return std::nullopt;
  return Finding{Severity::kWarning, code::kMemory, "codec.max_frame_bytes",
                 "a picture of " + Bytes(config.codec.max_frame_bytes) +
                     " can never be decoded: resources.memory_limit is " + Bytes(limit),
                 "lower it, or raise resources.memory_limit"};
}

std::optional<Finding> StopOutlastsRequest(const Config& config) {
  const ServiceOptions& service = config.service;
  const auto left = service.shutdown_timeout - service.drain_delay;
  if (left >= config.http.request_deadline || service.drain_delay >= service.shutdown_timeout) {
    return std::nullopt;
  }
  return Finding{Severity::kWarning, code::kShutdown, "service.shutdown_timeout",
                 "leaves " + FormatDuration(left) +
                     " after service.drain_delay, and a request may take " +
                     FormatDuration(config.http.request_deadline) + ": a stop can cut it off",
                 "raise it to http.request_deadline and service.drain_delay together"};
}

std::vector<Finding> CascadesAreComplete(const Config& config) {
  const process::CascadeOptions& cascade = config.process.cascade;
  std::vector<Finding> findings;
  if (!cascade.file.empty() && cascade.scale > 1) return findings;
  for (const NamedPipeline& pipeline : PipelinesOf(config)) {
    if (std::ranges::find(pipeline.steps, "cascade") == pipeline.steps.end()) continue;
    if (cascade.file.empty()) {
      findings.push_back({Severity::kError, code::kCascade, pipeline.key,
                          "has the step cascade, and process.cascade.file names no file for it",
                          "set process.cascade.file, or leave the step out"});
    } else {
      findings.push_back({Severity::kError, code::kCascade, "process.cascade.scale",
                          "is the ratio of two sizes looked for and must be above 1",
                          "1.1 is usual"});
      break;
    }
  }
  return findings;
}

// Steps are built in or detectors, and those have models.
std::vector<Finding> StepsAreKnown(const Config& config) {
  const process::Options& process = config.process;
  const auto built_in = process::KnownSteps();
  std::vector<std::string_view> known(built_in.begin(), built_in.end());
  for (const auto& detector : process.detectors) known.push_back(detector.name);
  std::vector<Finding> findings;
  for (const auto& [key, steps] : PipelinesOf(config)) {
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const std::string& step = steps[i];
      if (std::ranges::find(known, step) == known.end()) {
        const std::string_view near = base::Suggest(step, known);
        std::string hint = "did you mean \"" + std::string(near) + "\"?";
        if (near.empty()) {
          hint = "steps are";
          for (const std::string_view name : known) hint += " " + std::string(name);
        }
        findings.push_back({Severity::kError, code::kWord, key,
                            "\"" + Shown(step) +
                                "\" is no step, and there is no section [detector." + Shown(step) +
                                "]",
                            std::move(hint), i});
        continue;
      }
      const auto detector =
          std::ranges::find(process.detectors, step, &detect::DetectorOptions::name);
      if (detector == process.detectors.end() || !detector->model.empty()) continue;
      findings.push_back({Severity::kError, code::kDetector, key,
                          "has the detector \"" + step + "\", and detector." + step +
                              ".model names no file for it",
                          "set it to an ONNX file, or leave the step out", i});
    }
  }
  return findings;
}

std::optional<Finding> StreamsDiffer(const Config& config) {
  const consumer::RedisOptions& redis = config.consumer.redis;
  const auto named = [&config](const std::string& name) {
    return consumer::StreamName(name, config.consumer.processor_id);
  };
  const std::pair<const char*, std::string> streams[] = {
      {"consumer.redis.stream", named(redis.stream)},
      {"consumer.redis.results_stream", named(redis.results_stream)},
      {"consumer.redis.dlq_stream", named(redis.dlq_stream)},
      {"consumer.redis.events_stream", named(redis.events_stream)}};
  for (const auto& [key, name] : streams) {
    for (const auto& [before, taken] : streams) {
      if (before == key) break;
      if (name != taken) continue;
      return Finding{Severity::kError, code::kStreams, key,
                     "is the same stream as " + std::string(before), "name another one"};
    }
  }
  return std::nullopt;
}

std::optional<Finding> ClaimingWaitsForWork(const Config& config) {
  if (config.consumer.redis.claim_idle > config.process.deadline) return std::nullopt;
  return Finding{Severity::kWarning, code::kClaim, "consumer.redis.claim_idle",
                 FormatDuration(config.consumer.redis.claim_idle) +
                     " takes frames from owners still at work: process.deadline is " +
                     FormatDuration(config.process.deadline),
                 "set it longer than process.deadline"};
}

// A finding for each entry that `is_right` refuses.
template <typename IsRight>
std::vector<Finding> WrongEntries(std::string_view code, std::string_view key,
                                  const std::vector<std::string>& entries, IsRight is_right,
                                  const std::string& what, const std::string& hint) {
  std::vector<Finding> findings;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (is_right(entries[i])) continue;
    findings.push_back({Severity::kError, code, std::string(key), Entry(i) + what, hint, i});
  }
  return findings;
}

std::vector<Finding> ArePatterns(std::string_view key, const std::vector<std::string>& hosts) {
  return WrongEntries(
      code::kHostPattern, key, hosts, http::IsHostPattern, " is no host name, address or pattern",
      "write \"api.example.com\", \"*.example.com\" or \"*\", without scheme and port");
}

std::vector<Finding> HostsArePatterns(const Config& config) {
  return ArePatterns("http.allowed_hosts", config.http.allowed_hosts);
}

std::vector<Finding> FrameHostsArePatterns(const Config& config) {
  return ArePatterns("consumer.frame_url_hosts", config.consumer.frame_url_hosts);
}

std::vector<Finding> OriginsAreOrigins(const Config& config) {
  return WrongEntries(
      code::kOrigin, "http.cors_origins", config.http.cors_origins, http::IsOrigin,
      " is not an origin as browsers send it",
      "write \"https://app.example.com\": scheme, host and port in lower case, no path");
}

// Names as resolvers take them: also with underscores, as compose has them, and of other letters
// than ASCII's.
bool IsNameOrAddress(std::string_view host) {
  const auto is_allowed = [](char c) {
    return base::IsAlnum(c) || std::string_view("-_.").contains(c) || (c & 0x80) != 0;
  };
  if (host.contains(':')) return host.find_first_of("/@*?") == std::string_view::npos;  // IPv6
  return !host.starts_with('-') && !host.starts_with('.') && std::ranges::all_of(host, is_allowed);
}

// What is wrong with a key that takes a host alone, "" when nothing is. Users paste URLs and
// addresses as they stand in them.
std::string WrongWithHost(std::string_view host) {
  if (host.starts_with('/')) return "";  // the path of a Unix socket
  if (const std::string_view blank = BlankIn(host); !blank.empty()) return std::string(blank);
  if (host.find("://") != std::string_view::npos) return "is a URL; this key takes the host alone";
  if (host.find(',') != std::string_view::npos) return "is a list; this key takes one host";
  if (host.starts_with('[')) return "has brackets, which an address has in URLs only";
  if (std::ranges::count(host, ':') == 1) return "has a port, for which there is a key of its own";
  if (!host.empty() && !IsNameOrAddress(host)) return "is no host name or address";
  // No name ends in a number, so that it cannot be taken for an address (RFC 1123, section 2.1).
  const std::string_view last = host.substr(host.rfind('.') + 1);
  in_addr address{};
  if (!last.empty() && last.find_first_not_of("0123456789") == std::string_view::npos &&
      ::inet_aton(std::string(host).c_str(), &address) == 0) {
    return "is no IPv4 address, which has four numbers, each 255 at most";
  }
  return "";
}

std::vector<Finding> HostsAreHosts(const Config& config) {
  struct Row {
    std::string_view key;
    const std::string& host;
    std::string hint;
  };
  const Row rows[] = {{"http.host", config.http.host,
                       "write \"127.0.0.1\", \"::1\" or a name; the port is http.port"},
                      {"consumer.redis.host", config.consumer.redis.host,
                       "write \"redis.example.com\", \"::1\" or the path of a socket; the port is "
                       "consumer.redis.port"}};
  std::vector<Finding> findings;
  for (const Row& row : rows) {
    std::string wrong = WrongWithHost(row.host);
    if (wrong.empty()) continue;
    std::string hint = row.hint;
    if (row.key == "consumer.redis.host" && row.host.find(',') != std::string::npos) {
      hint = "name the primary; the nodes of Sentinel or of a cluster are not looked through";
    }
    findings.push_back({Severity::kError,
                        code::kHost,
                        std::string(row.key),
                        std::move(wrong),
                        std::move(hint),
                        {}});
  }
  return findings;
}

std::optional<Finding> AnyOriginHasNoCredentials(const Config& config) {
  const auto& origins = config.http.cors_origins;
  if (!config.http.cors_credentials || std::ranges::find(origins, "*") == origins.end()) {
    return std::nullopt;
  }
  return Finding{
      Severity::kError, code::kCorsAny, "http.cors_credentials",
      "true together with \"*\" in http.cors_origins would let every web page act as its "
      "visitor",
      "list the origins, or leave credentials out"};
}

std::vector<Finding> ProxiesAreNetworks(const Config& config) {
  const auto is_right = [](const std::string& entry) {
    return http::TrustedProxies::Parse({entry}).has_value();
  };
  return WrongEntries(code::kProxies, "http.trusted_proxies", config.http.trusted_proxies, is_right,
                      " is no address or network",
                      "write \"10.0.0.7\", \"10.0.0.0/8\" or \"unix\"");
}

// Of a request with one frame, and some to spare.
constexpr int kFewSpans = 32;

std::optional<Finding> QueueHoldsATrace(const Config& config) {
  const telemetry::Options& options = config.telemetry;
  if (!options.tracing || options.span_queue >= kFewSpans) return std::nullopt;
  return Finding{Severity::kWarning, code::kSpanRoom, "telemetry.span_queue",
                 "has room for " + std::to_string(options.span_queue) +
                     " spans; a trace with more of them is dropped whole, and one frame has about "
                     "ten",
                 "set it to " + std::to_string(kFewSpans) + " or more"};
}

// Values are secrets, so that an entry is named by its number.
std::vector<Finding> CollectorsFieldsCanBeSent(const Config& config) {
  if (!config.telemetry.tracing) return {};
  std::vector<Finding> findings;
  for (const auto& fault : telemetry::HeaderFaults(config.telemetry.otlp_headers)) {
    findings.push_back({fault.is_refused ? Severity::kError : Severity::kWarning,
                        code::kOtlpHeaders,
                        "telemetry.otlp_headers",
                        Entry(fault.entry) + ' ' + fault.why,
                        fault.is_refused
                            ? "leave it out"
                            : "write \"name=value,name=value\", values percent-encoded",
                        {}});
  }
  return findings;
}

constexpr std::optional<Finding> (*kRules[])(const Config&) = {
    DrainDelayLeavesTime,
    LargestFrameFitsRequest,
    IdleTimeoutOutlastsBalancers,
    LongestTargetFitsHead,
    DecodingEndsBeforeProcessing,
    ProcessingEndsBeforeAnswer,
    BudgetHoldsOneRequest,
    KeyHasCertificate,
    StuckIsBeyondDeadline,
    AnyOriginHasNoCredentials,
    BudgetHoldsOnePicture,
    StopOutlastsRequest,
    StreamsDiffer,
    ClaimingWaitsForWork,
    EventsAreMadeAndGoSomewhere,
    HistoryHasEvents,
    SnapshotsHaveEvents,
    ClipsHaveEvents,
    ClipsHaveRoom,
    QueueHoldsATrace,
};

// Rules about lists and kinds of keys, which may be broken several times.
constexpr std::vector<Finding> (*kManyRules[])(const Config&) = {
    StepsAreKnown,
    CascadesAreComplete,
    HostsAreHosts,
    HostsArePatterns,
    FrameHostsArePatterns,
    OriginsAreOrigins,
    ProxiesAreNetworks,
    CheckScenes,
    TracksHaveDetectors,
    ClassesAreFound,
    CheckCameraSources,
    CollectorsFieldsCanBeSent,
    CheckMqtt,
    CheckSinks,
};

}  // namespace

std::vector<Finding> Validate(const Config& config) {
  std::vector<Finding> findings;
  for (const auto rule : kRules) {
    if (std::optional<Finding> finding = rule(config)) findings.push_back(*std::move(finding));
  }
  for (const auto rule : kManyRules) std::ranges::move(rule(config), std::back_inserter(findings));
  return findings;
}

}  // namespace sampleproc::config

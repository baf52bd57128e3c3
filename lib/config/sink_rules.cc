#include "config/sink_rules.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/codes.h"

namespace sampleproc::config {
namespace {

bool HasSink(const Config& config, const char* name) {
  const auto& sinks = config.consumer.sinks;
  return std::ranges::find(sinks, name) != sinks.end();
}

bool Delivers(const Config& config, const char* what) {
  const auto& kinds = config.consumer.deliver;
  return std::ranges::find(kinds, what) != kinds.end();
}

std::optional<Finding> SinkKnowsWhere(const Config& config, const char* sink, const char* key,
                                      bool is_set) {
  const bool listed = HasSink(config, sink);
  if (listed == is_set) return std::nullopt;
  if (listed) {
    return Finding{Severity::kError, code::kSinks, "consumer.sinks",
                   "has \"" + std::string(sink) + "\", and " + key + " is not set",
                   std::string("set ") + key + ", or leave the sink out"};
  }
  return Finding{Severity::kWarning, code::kSinks, key,
                 "is of no use: consumer.sinks does not have \"" + std::string(sink) + "\"",
                 "add it to consumer.sinks"};
}

std::optional<Finding> FileSinkHasPath(const Config& config) {
  return SinkKnowsWhere(config, "file", "consumer.file.path", !config.consumer.file.path.empty());
}

std::optional<Finding> WebhookHasUrl(const Config& config) {
  return SinkKnowsWhere(config, "webhook", "consumer.webhook.url",
                        !config.consumer.webhook.url.empty());
}

std::optional<Finding> LogTakesResults(const Config& config) {
  const std::string& level = config.telemetry.log_level;
  if (!HasSink(config, "log") || level == "info" || level == "debug") return std::nullopt;
  return Finding{Severity::kWarning, code::kSinks, "telemetry.log_level",
                 "leaves out lines of level info, such as those of the results that go to "
                 "consumer.sinks' \"log\": they are lost",
                 "set it to \"info\", or list another sink"};
}

std::optional<Finding> ResultsGoToRedisOnce(const Config& config) {
  if (config.consumer.source != consumer::Source::kRedis || !HasSink(config, "redis") ||
      !Delivers(config, "results")) {
    return std::nullopt;
  }
  return Finding{
      Severity::kError, code::kSinks, "consumer.sinks",
      "has \"redis\", where results of frames from Redis go anyway: each would be there "
      "twice",
      "leave it out, or let consumer.deliver be [\"events\"], [\"http_results\"] or both"};
}

std::optional<Finding> HttpResultsGoSomewhere(const Config& config) {
  if (!Delivers(config, "http_results") || !config.consumer.sinks.empty()) return std::nullopt;
  return Finding{Severity::kWarning, code::kSinks, "consumer.deliver",
                 "has \"http_results\", and consumer.sinks is empty: no sink gets them",
                 "list \"log\", \"file\", \"redis\" or \"webhook\" there"};
}

// Who has only requests expects their results there.
std::optional<Finding> SomethingBringsResults(const Config& config) {
  const consumer::Options& consumer = config.consumer;
  if (consumer.enabled || consumer.sinks.empty() ||
      consumer.deliver != std::vector<std::string>{"results"}) {
    return std::nullopt;
  }
  const bool has_url = std::ranges::any_of(
      config.cameras, [](const auto& each) { return !each.second.url.empty(); });
  if (has_url) return std::nullopt;
  return Finding{Severity::kWarning, code::kSinks, "consumer.sinks",
                 "gets nothing: no frames are pulled, no camera has a url, and results of requests "
                 "are not delivered",
                 "add \"http_results\" to consumer.deliver, or set consumer.enabled"};
}

}  // namespace

std::vector<Finding> CheckSinks(const Config& config) {
  std::vector<Finding> findings;
  for (const auto& rule : {FileSinkHasPath, WebhookHasUrl, ResultsGoToRedisOnce, LogTakesResults,
                           HttpResultsGoSomewhere, SomethingBringsResults}) {
    if (auto finding = rule(config)) findings.push_back(std::move(*finding));
  }
  return findings;
}

}  // namespace sampleproc::config

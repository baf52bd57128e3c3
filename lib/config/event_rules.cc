#include "config/event_rules.h"

#include <algorithm>
#include <string>
#include <vector>

#include "config/codes.h"

namespace sampleproc::config {
namespace {

constexpr char kAddTrack[] = "add it behind a detector, to process.pipeline or a camera's";

}  // namespace

bool AnyTracks(const Config& config) {
  const auto tracks = [](const std::vector<std::string>& pipeline) {
    return std::ranges::find(pipeline, "track") != pipeline.end();
  };
  return tracks(config.process.pipeline) ||
         std::ranges::any_of(config.cameras,
                             [&](const auto& camera) { return tracks(camera.second.pipeline); });
}

std::optional<Finding> EventsAreMadeAndGoSomewhere(const Config& config) {
  const auto& deliver = config.consumer.deliver;
  if (std::ranges::find(deliver, "events") == deliver.end()) return std::nullopt;
  if (config.consumer.sinks.empty()) {
    return Finding{Severity::kWarning, code::kSinks, "consumer.deliver",
                   "has \"events\", and consumer.sinks is empty: they go nowhere",
                   "list \"log\", \"file\", \"redis\" or \"webhook\" there"};
  }
  if (AnyTracks(config)) return std::nullopt;
  return Finding{Severity::kWarning, code::kSinks, "consumer.deliver",
                 "has \"events\", which nothing makes: no pipeline has the step \"track\"",
                 kAddTrack};
}

std::optional<Finding> HistoryHasEvents(const Config& config) {
  if (config.events.path.empty() || AnyTracks(config)) return std::nullopt;
  return Finding{Severity::kWarning, code::kHistory, "events.history",
                 "keeps what nothing makes: no pipeline has the step \"track\"", kAddTrack};
}

}  // namespace sampleproc::config

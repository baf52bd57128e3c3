#include "config/event_rules.h"

#include <algorithm>
#include <string>
#include <vector>

#include "config/codes.h"
#include "config/pipeline_rules.h"

namespace sampleproc::config {
namespace {

constexpr char kAddTrack[] = "add it behind a detector, to process.pipeline or a camera's";

}  // namespace

bool AnyTracks(const Config& config) {
  return std::ranges::any_of(PipelinesOf(config), [](const NamedPipeline& pipeline) {
    return std::ranges::find(pipeline.steps, "track") != pipeline.steps.end();
  });
}

bool HistoryGetsEvents(const Config& config) {
  return !config.events.path.empty() && AnyTracks(config);
}

std::optional<Finding> EventsAreMadeAndGoSomewhere(const Config& config) {
  const auto& deliver = config.consumer.deliver;
  if (std::ranges::find(deliver, "events") == deliver.end()) return std::nullopt;
  if (config.consumer.sinks.empty()) {
    return Finding{Severity::kWarning, code::kSinks, "consumer.deliver",
                   "has \"events\", and consumer.sinks is empty: no sink gets them",
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

std::optional<Finding> SnapshotsHaveEvents(const Config& config) {
  if (config.snapshots.path.empty() || AnyTracks(config)) return std::nullopt;
  return Finding{
      Severity::kWarning, code::kSnapshots, "events.snapshots",
      "keeps pictures of events, which nothing makes: no pipeline has the step \"track\"",
      kAddTrack};
}

}  // namespace sampleproc::config

#include "config/event_rules.h"

#include <algorithm>
#include <string>
#include <vector>

#include "config/codes.h"
#include "config/pipeline_rules.h"
#include "history/clip_ring.h"

namespace sampleproc::config {
bool AnyTracks(const Config& config) {
  return std::ranges::any_of(PipelinesOf(config), [](const NamedPipeline& pipeline) {
    return std::ranges::find(pipeline.steps, "track") != pipeline.steps.end();
  });
}

bool EventsGoBesideSinks(const Config& config) {
  return (!config.events.path.empty() || !config.mqtt.url.empty()) && AnyTracks(config);
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

std::optional<Finding> ClipsHaveEvents(const Config& config) {
  if (config.clips.path.empty() || AnyTracks(config)) return std::nullopt;
  return Finding{Severity::kWarning, code::kClips, "events.clips",
                 "keeps clips of events, which nothing makes: no pipeline has the step \"track\"",
                 kAddTrack};
}

std::optional<Finding> ClipsHaveRoom(const Config& config) {
  const history::ClipOptions& clips = config.clips;
  if (clips.path.empty()) return std::nullopt;
  if (clips.longest < clips.before + clips.after + history::ClipRing::kTold) {
    return Finding{Severity::kError, code::kClips, "events.clip_max",
                   "is less than events.clip_before, events.clip_after and 5 seconds together: "
                   "nothing of the event would be in its clip",
                   "raise it, or lower the others"};
  }
  if (clips.camera_memory <= clips.memory) return std::nullopt;
  return Finding{Severity::kError, code::kClips, "events.clip_camera_memory",
                 "is more than events.clip_memory, which all cameras have together",
                 "raise events.clip_memory, or lower it"};
}

}  // namespace sampleproc::config

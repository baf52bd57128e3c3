#include "config/pipeline_rules.h"

#include <algorithm>
#include <iterator>

#include "config/codes.h"
#include "config/convert.h"
#include "config/schema.h"

namespace sampleproc::config {

std::vector<NamedPipeline> PipelinesOf(const Config& config) {
  std::vector<NamedPipeline> pipelines = {{"process.pipeline", config.process.pipeline}};
  for (const auto& [id, camera] : config.cameras) {
    if (camera.pipeline.empty()) continue;
    pipelines.push_back({CameraSection(id) + ".pipeline", camera.pipeline});
  }
  return pipelines;
}

std::vector<Finding> TracksHaveDetectors(const Config& config) {
  const auto& classes = config.process.track.classes;
  const bool follows_motion = std::ranges::find(classes, "motion") != classes.end();
  const auto finds = [&](const std::string& step) {
    return step != "stats" && step != "track" && (step != "motion" || follows_motion);
  };
  std::vector<Finding> findings;
  for (const auto& [key, steps] : PipelinesOf(config)) {
    const auto track = std::ranges::find(steps, "track");
    if (track == steps.end() || std::any_of(steps.begin(), track, finds)) continue;
    const auto detector = std::find_if(track, steps.end(), finds);
    const bool is_behind = detector != steps.end();
    findings.push_back(
        {.severity = Severity::kWarning,
         .code = code::kTrackOrder,
         .key = key,
         .message = is_behind ? "the step track stands before the detectors, so that it follows "
                                "nothing and there are no events"
                              : "the step track has no detector before it, so that it follows "
                                "nothing and there are no events",
         .hint = is_behind
                     ? "write \"track\" behind \"" + Shown(*detector) + "\""
                     : "write a detector before it, as in [\"motion\", \"objects\", \"track\"]",
         .entry = static_cast<std::size_t>(std::distance(steps.begin(), track))});
  }
  return findings;
}

}  // namespace sampleproc::config

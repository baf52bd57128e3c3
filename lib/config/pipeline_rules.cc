#include "config/pipeline_rules.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "base/suggest.h"
#include "config/codes.h"
#include "config/convert.h"
#include "config/schema.h"

namespace sampleproc::config {

namespace {

// What the steps find; nothing when some step may find anything.
std::optional<std::vector<std::string_view>> ClassesOf(const std::vector<std::string>& steps,
                                                       const DetectorClasses& detectors) {
  constexpr std::pair<std::string_view, std::string_view> kFound[] = {
      {"stats", ""}, {"track", ""}, {"motion", "motion"}, {"people", "person"}, {"faces", "face"}};
  std::vector<std::string_view> classes;
  for (const std::string& step : steps) {
    const auto* const found = std::ranges::find(kFound, std::string_view(step),
                                                [](const auto& each) { return each.first; });
    if (const auto detector = detectors.find(step); detector != detectors.end()) {
      classes.insert(classes.end(), detector->second.begin(), detector->second.end());
      continue;
    }
    if (found == std::end(kFound)) return std::nullopt;
    if (!found->second.empty()) classes.push_back(found->second);
  }
  return classes;
}

bool HasOneOf(const std::vector<std::string>& steps, const DetectorClasses& detectors) {
  return std::ranges::any_of(steps,
                             [&](const std::string& step) { return detectors.contains(step); });
}

std::vector<Finding> UnfoundClasses(const Config& config, const DetectorClasses& detectors) {
  constexpr const char* kAdvice = "people finds \"person\", faces \"face\", motion \"motion\"";
  std::vector<Finding> findings;
  for (const auto& [id, camera] : config.cameras) {
    const auto& steps = camera.pipeline.empty() ? config.process.pipeline : camera.pipeline;
    const bool has_detector = HasOneOf(steps, detectors);
    if (has_detector == detectors.empty()) continue;
    const auto found = ClassesOf(steps, detectors);
    if (!found) continue;
    const auto check = [&](const std::string& key, const std::vector<std::string>& wanted) {
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (std::ranges::find(*found, wanted[i]) != found->end()) continue;
        const std::string_view near = base::Suggest(wanted[i], *found);
        const std::string hint =
            near.empty()
                ? (has_detector ? "the labels of its detectors are what they find" : kAdvice)
                : "did you mean \"" + std::string(near) + "\"?";
        findings.push_back({Severity::kWarning, code::kClasses, key,
                            "no step of this camera's pipeline finds \"" + Shown(wanted[i]) + "\"",
                            hint, i});
      }
    };
    check(CameraSection(id) + ".classes", camera.classes);
    if (!camera.classes.empty()) continue;  // CheckScenes holds its zones and lines to these
    for (const auto& [name, zone] : camera.zones) {
      check(PlaceSection(id, kZones, name) + ".classes", zone.classes);
    }
    for (const auto& [name, line] : camera.lines) {
      check(PlaceSection(id, kLines, name) + ".classes", line.classes);
    }
  }
  return findings;
}

}  // namespace

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

std::vector<Finding> ClassesAreFound(const Config& config) { return UnfoundClasses(config, {}); }

std::vector<Finding> DetectorsFindClasses(const Config& config, const DetectorClasses& detectors) {
  if (detectors.empty()) return {};
  return UnfoundClasses(config, detectors);
}

}  // namespace sampleproc::config

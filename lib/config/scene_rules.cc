#include "config/scene_rules.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "config/convert.h"
#include "config/schema.h"
#include "frame/scene.h"

namespace sampleproc::config {
namespace {

constexpr std::string_view kTrack = "track";

class SceneCheck {
 public:
  SceneCheck(const std::string& id, const cameras::Options& camera, std::vector<Finding>& findings)
      : id_(id), camera_(camera), findings_(findings) {}

  void Run(const std::vector<std::string>& default_pipeline) {
    if (camera_.zones.empty() && camera_.lines.empty()) return;
    CheckNumber(kZones, camera_.zones.size(), frame::Scene::kMaxZones);
    CheckNumber(kLines, camera_.lines.size(), frame::Scene::kMaxLines);
    for (const auto& [name, zone] : camera_.zones) {
      if (zone.polygon.empty()) {
        Report(Severity::kError, KeyOf(kZones, name, "polygon"),
               "has to be given: the zone's corners",
               "write polygon = [[0.2, 0.5], [0.8, 0.5], [0.8, 1.0]]");
      }
      CheckClasses(KeyOf(kZones, name, "classes"), zone.classes);
    }
    for (const auto& [name, line] : camera_.lines) {
      CheckLine(name, line);
      CheckClasses(KeyOf(kLines, name, "classes"), line.classes);
    }
    CheckPipeline(default_pipeline);
  }

 private:
  std::string KeyOf(std::string_view kind, std::string_view name, std::string_view key) const {
    return PlaceSection(id_, kind, name) + "." + std::string(key);
  }

  void Report(Severity severity, std::string key, std::string message, std::string hint,
              std::optional<std::size_t> entry = {}) {
    findings_.push_back(
        {severity, code::kScene, std::move(key), std::move(message), std::move(hint), entry});
  }

  void CheckNumber(std::string_view kind, std::size_t count, std::size_t most) {
    if (count <= most) return;
    Report(Severity::kError, CameraSection(id_) + "." + std::string(kind),
           "the camera has " + std::to_string(count) + " of them; allowed is 0 to " +
               std::to_string(most),
           "");
  }

  void CheckLine(std::string_view name, const cameras::LineOptions& line) {
    if (!line.from) {
      Report(Severity::kError, KeyOf(kLines, name, "from"),
             "has to be given: where the line begins", "write from = [0.1, 0.9]");
    }
    if (!line.to) {
      Report(Severity::kError, KeyOf(kLines, name, "to"), "has to be given: where the line ends",
             "write to = [0.9, 0.9]");
    }
    if (line.from && line.from == line.to) {
      Report(Severity::kError, KeyOf(kLines, name, "to"),
             "is where the line begins, and nothing crosses a point", "");
    }
  }

  // What the camera does not report is not told of in events either.
  void CheckClasses(const std::string& key, const std::vector<std::string>& classes) {
    if (camera_.classes.empty()) return;
    for (std::size_t i = 0; i < classes.size(); ++i) {
      if (std::ranges::find(camera_.classes, classes[i]) != camera_.classes.end()) continue;
      Report(Severity::kWarning, key,
             "\"" + Shown(classes[i]) + "\" is none of the classes that this camera reports",
             "add it to " + Shown(CameraSection(id_), 300) + ".classes, or leave it out here", i);
    }
  }

  void CheckPipeline(const std::vector<std::string>& default_pipeline) {
    const bool has_own = !camera_.pipeline.empty();
    const auto& steps = has_own ? camera_.pipeline : default_pipeline;
    if (std::ranges::find(steps, kTrack) != steps.end()) return;
    const std::string section = CameraSection(id_);
    Report(
        Severity::kWarning, has_own ? section + ".pipeline" : "process.pipeline",
        "does not have the step track, so that the zones and lines of " + section + " do nothing",
        "write \"track\" behind the detectors");
  }

  const std::string& id_;
  const cameras::Options& camera_;
  std::vector<Finding>& findings_;
};

}  // namespace

std::vector<Finding> CheckScenes(const Config& config) {
  std::vector<Finding> findings;
  for (const auto& [id, camera] : config.cameras) {
    SceneCheck(id, camera, findings).Run(config.process.pipeline);
  }
  return findings;
}

}  // namespace sampleproc::config

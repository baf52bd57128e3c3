#include "apps/verbose_version.h"

#include <algorithm>

#include "apps/config_options.h"
#include "config/pipeline_rules.h"
#include "detect/detector.h"
#include "resources/cpu_limits.h"
#include "resources/memory_budget.h"

namespace sampleproc::apps {
namespace {

// The error says itself which runtime it is about.
std::string Line(const std::string& what, const base::Result<std::string>& version) {
  return "  " + (version ? what + " " + *version : version.error().message) + "\n";
}

std::string Detectors(const config::Config& config) {
  const auto pipelines = config::PipelinesOf(config);
  resources::MemoryBudget budget(
      resources::MemoryCapacity(config.resources, resources::ReadMachineLimits()));
  std::string text;
  for (const detect::DetectorOptions& each : config.process.detectors) {
    const bool is_used = std::ranges::any_of(pipelines, [&](const auto& pipeline) {
      return std::ranges::find(pipeline.steps, each.name) != pipeline.steps.end();
    });
    if (!is_used) continue;
    const auto opened = detect::Detector::Open(each, config.process.models, budget);
    text +=
        "  " + each.name + ": " + (opened ? (*opened)->Describe() : opened.error().message) + "\n";
  }
  return text.empty() ? "  none; packaging/fetch-models.sh brings models\n" : text;
}

}  // namespace

std::string RuntimesText(const config::Environment& environment) {
  detect::Places places;
  std::string detectors = "  the configuration is not valid; see sampleproc validate-config\n";
  if (const auto request = ConfigOptions().Request(environment)) {
    const config::Loaded loaded = config::Load(*request);
    if (!loaded.HasErrors()) {
      places = loaded.config.process.models;
      detectors = Detectors(loaded.config);
    }
  }
  return "Runtimes:\n" + Line("ONNX Runtime", detect::OnnxRuntimeVersion(places)) +
         Line("OpenCV", detect::OpencvVersion(places)) + "Detectors:\n" + detectors;
}

}  // namespace sampleproc::apps

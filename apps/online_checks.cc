#include "apps/online_checks.h"

#include <algorithm>

#include "config/codes.h"
#include "config/diagnostic.h"
#include "detect/detector.h"
#include "history/look.h"
#include "resources/cpu_limits.h"
#include "resources/memory_budget.h"

namespace sampleproc::apps {

std::vector<std::string> CheckOnline(config::Loaded& loaded) {
  const process::Options& process = loaded.config.process;
  resources::MemoryBudget budget(
      resources::MemoryCapacity(loaded.config.resources, resources::ReadMachineLimits()));
  std::vector<std::string> works;
  for (const detect::DetectorOptions& each : process.detectors) {
    if (std::ranges::find(process.pipeline, each.name) == process.pipeline.end()) continue;
    const std::string section = "detector." + each.name;
    const auto opened = detect::Detector::Open(each, process.models, budget);
    if (opened) {
      works.push_back(section + ": " + (*opened)->Describe());
      continue;
    }
    const std::string key = section + ".model";
    loaded.diagnostics.push_back({config::Severity::kError, config::code::kDetector,
                                  loaded.origins[key], key, opened.error().message, "", ""});
  }
  const std::string& history = loaded.config.events.path;
  if (history.empty()) return works;
  const std::string key = "events.history";
  if (const auto seen = history::Look(history); seen) {
    works.push_back(key + ": " + *seen);
  } else {
    loaded.diagnostics.push_back({config::Severity::kError, config::code::kNoFile,
                                  loaded.origins[key], key, seen.error().message, "", ""});
  }
  return works;
}

}  // namespace sampleproc::apps

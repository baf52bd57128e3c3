#include "process/detectors.h"

#include <algorithm>
#include <utility>

namespace sampleproc::process {

base::Result<std::shared_ptr<const Detectors>> Detectors::Open(const Options& options,
                                                               resources::MemoryBudget& budget) {
  auto detectors = std::make_shared<Detectors>();
  for (const detect::DetectorOptions& each : options.detectors) {
    if (std::ranges::find(options.pipeline, each.name) == options.pipeline.end()) continue;
    auto opened = detect::Detector::Open(each, options.models, budget);
    if (!opened) return std::unexpected(opened.error());
    detectors->all_.push_back(std::make_shared<const SharedDetector>(
        std::move(*opened), std::make_unique<LookTimes>(base::SystemClock())));
  }
  return detectors;
}

std::shared_ptr<const SharedDetector> Detectors::Find(std::string_view name) const {
  for (const auto& shared : all_) {
    if (shared->detector->options().name == name) return shared;
  }
  return nullptr;
}

}  // namespace sampleproc::process

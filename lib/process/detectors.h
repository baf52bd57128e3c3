// The neural detectors of a pipeline: the part of their steps that all workers share.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "detect/detector.h"
#include "process/look_times.h"
#include "process/options.h"
#include "resources/memory_budget.h"

namespace sampleproc::process {

// One detector of the pipeline's, and what its step remembers of cameras.
struct SharedDetector {
  std::shared_ptr<detect::Detector> detector;
  std::unique_ptr<LookTimes> looks;
};

// Immutable once opened; any thread.
class Detectors {
 public:
  // Opens the detectors that `options.pipeline` names, each once; `budget` must outlive them. Fails
  // as detect::Detector::Open fails.
  static base::Result<std::shared_ptr<const Detectors>> Open(const Options& options,
                                                             resources::MemoryBudget& budget);

  // The detector of the step `name`, or null.
  std::shared_ptr<const SharedDetector> Find(std::string_view name) const;

  const std::vector<std::shared_ptr<const SharedDetector>>& all() const { return all_; }

 private:
  std::vector<std::shared_ptr<const SharedDetector>> all_;
};

}  // namespace sampleproc::process

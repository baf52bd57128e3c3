// What pipelines have to look like together: the process's and those of cameras.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/validate.h"

namespace sampleproc::config {

struct NamedPipeline {
  std::string key;
  const std::vector<std::string>& steps;
};

// The process's pipeline and those that cameras have of their own. `config` must outlive them.
std::vector<NamedPipeline> PipelinesOf(const Config& config);

// The step track follows what steps before it have found.
std::vector<Finding> TracksHaveDetectors(const Config& config);

// The classes that cameras and their zones and lines want are found by some step, where all steps
// are built in and so are known to find one class each.
std::vector<Finding> ClassesAreFound(const Config& config);

// The same of cameras whose pipeline has a detector, where it is known what all steps of it find:
// `detectors` has the classes of detectors by their names.
using DetectorClasses = std::map<std::string, std::vector<std::string>>;
std::vector<Finding> DetectorsFindClasses(const Config& config, const DetectorClasses& detectors);

}  // namespace sampleproc::config

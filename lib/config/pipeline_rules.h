// What pipelines have to look like together: the process's and those of cameras.
#pragma once

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

}  // namespace sampleproc::config

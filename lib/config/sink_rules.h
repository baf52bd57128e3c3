// The rules about where results and events go.
#pragma once

#include <vector>

#include "config/validate.h"

namespace sampleproc::config {

std::vector<Finding> CheckSinks(const Config& config);

}  // namespace sampleproc::config

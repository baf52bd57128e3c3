// The rules about cameras whose pictures the service takes itself.
#pragma once

#include <vector>

#include "config/validate.h"

namespace sampleproc::config {

// A password is for a user that the URL names, and stands in one place; what is for one kind of
// source is not said of another; there are no more cameras
// than threads may read; their results go somewhere.
std::vector<Finding> CheckCameraSources(const Config& config);

}  // namespace sampleproc::config

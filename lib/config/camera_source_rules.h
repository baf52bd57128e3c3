// The rules about cameras whose pictures the service takes itself.
#pragma once

#include <string_view>
#include <vector>

#include "config/validate.h"

namespace sampleproc::config {

// Whether CheckCameraSources tells of a path as such, so that nothing is to be said of the file.
bool IsTold(std::string_view url);

// A password is for a user that the URL names, and stands in one place; what is for one kind of
// source is not said of another; there are no more cameras
// than threads may read; their results go somewhere.
std::vector<Finding> CheckCameraSources(const Config& config);

}  // namespace sampleproc::config

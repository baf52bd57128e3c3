// The rules about cameras' zones and lines.
#pragma once

#include <vector>

#include "config/validate.h"

namespace sampleproc::config {

// What has to be given is given, within what a camera may have, and can come about: its pipeline
// tracks, and the camera reports the classes that its places are for.
std::vector<Finding> CheckScenes(const Config& config);

}  // namespace sampleproc::config

// sampleproc --version --verbose
#pragma once

#include <string>

#include "config/loader.h"

namespace sampleproc::apps {

// What runs networks on this machine, and the detectors that the configuration's pipelines name:
// each is opened and runs once. Without a valid configuration it says so.
std::string RuntimesText(const config::Environment& environment);

}  // namespace sampleproc::apps

// The rules about the MQTT broker.
#pragma once

#include <vector>

#include "config/validate.h"

namespace sampleproc::config {

std::vector<Finding> CheckMqtt(const Config& config);

}  // namespace sampleproc::config

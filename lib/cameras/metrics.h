// What is counted of cameras whose pictures the service takes itself.
#pragma once

#include <functional>
#include <vector>

#include "cameras/camera_gauges.h"
#include "telemetry/registry.h"

namespace sampleproc::cameras {

// `cameras` is asked at each look.
void AddMetrics(telemetry::Registry& registry, std::function<std::vector<CameraGauges>()> cameras);

}  // namespace sampleproc::cameras

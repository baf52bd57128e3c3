// The metrics of cameras whose pictures the service takes itself.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "telemetry/camera_gauges.h"

namespace sampleproc::telemetry {

// Appends nothing when there are no cameras.
void AddCameras(const std::vector<CameraGauges>& cameras,
                std::vector<prometheus::MetricFamily>& families);

}  // namespace sampleproc::telemetry

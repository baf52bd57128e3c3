// The series about the history of events. Internal to telemetry/.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "telemetry/metrics.h"

namespace sampleproc::telemetry {

void AddEvents(const Gauges& gauges, std::vector<prometheus::MetricFamily>& families);

}  // namespace sampleproc::telemetry

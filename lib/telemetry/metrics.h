// What is counted of the log, of spans, of conditions, and of the process itself.
#pragma once

#include <functional>

#include "base/log.h"
#include "telemetry/conditions.h"
#include "telemetry/otlp_exporter.h"
#include "telemetry/registry.h"

namespace sampleproc::telemetry {

// Asked at each look; each may return nullptr.
struct MetricSources {
  std::function<const base::Logger*()> log = {};
  std::function<const OtlpExporter*()> exporter = {};
  std::function<const Conditions*()> conditions = {};
};

void AddMetrics(Registry& registry, MetricSources sources);

}  // namespace sampleproc::telemetry

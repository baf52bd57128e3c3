// Variables of OpenTelemetry that this service does not read.
#pragma once

#include "config/assembly.h"

namespace sampleproc::config {

// Warns of each that asks for what is not done. Silent where it asks for what is done anyhow
// (OTEL_PROPAGATORS=tracecontext), and of those for which no trace looks different.
void ReportOtelVariables(const LoadRequest& request, Assembly& assembly);

}  // namespace sampleproc::config

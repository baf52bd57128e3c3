// The tables of packaging/METRICS.md.
#pragma once

#include <span>
#include <string>

#include "telemetry/registry.h"

namespace sampleproc::telemetry {

// Markdown: a table for each chapter under its title, each row in the order in which it was added.
std::string MetricTables(std::span<const MetricRow> rows);

}  // namespace sampleproc::telemetry

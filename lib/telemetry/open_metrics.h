// Metrics in the OpenMetrics text format 1.0. Internal to telemetry/.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

#include "base/clock.h"

namespace sampleproc::telemetry {

// One event of those that a bucket of a histogram counts, and the trace in which to see it.
struct Exemplar {
  std::string trace_id;  // 32 digits; "" when there is none
  double value = 0;
  base::WallTime when{};
};
using Exemplars = std::vector<Exemplar>;  // of each bucket; may be empty

struct ToldFamily {
  prometheus::MetricFamily family;
  std::vector<Exemplars> exemplars;  // of a histogram's metrics, in their order
};

// Counters, gauges and histograms; names of counters end with _total. Units are told by the ends of
// names, as Prometheus has them. https://prometheus.io/docs/specs/om/open_metrics_spec/
std::string OpenMetricsText(const std::vector<ToldFamily>& families);

}  // namespace sampleproc::telemetry

// Metrics in the OpenMetrics text format 1.0. Internal to telemetry/.
#pragma once

#include <prometheus/metric_family.h>

#include <cstddef>
#include <functional>
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

// The exemplar of one bucket of a metric of the family; null when there is none.
using FindExemplar =
    std::function<const Exemplar*(const prometheus::MetricFamily& family,
                                  const prometheus::ClientMetric& metric, std::size_t bucket)>;

// Counters, gauges and histograms; names of counters end with _total. Units are told by the ends of
// names, as Prometheus has them. https://prometheus.io/docs/specs/om/open_metrics_spec/
std::string OpenMetricsText(const std::vector<prometheus::MetricFamily>& families,
                            const FindExemplar& find_exemplar);

}  // namespace sampleproc::telemetry

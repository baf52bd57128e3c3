// Metrics of what the service sends to others, from readings of one moment. Internal to telemetry/.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

#include "telemetry/metrics.h"

namespace sampleproc::telemetry {

prometheus::MetricFamily One(std::string name, std::string help, prometheus::MetricType type,
                             double value,
                             std::vector<prometheus::ClientMetric::Label> labels = {});

void AddClients(const std::vector<ClientGauges>& clients,
                std::vector<prometheus::MetricFamily>& families);
void AddSinks(const std::vector<SinkGauges>& sinks,
              std::vector<prometheus::MetricFamily>& families);

}  // namespace sampleproc::telemetry

// Metrics of what the service sends to others, from readings of one moment. Internal to telemetry/.
#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "telemetry/metrics.h"

namespace sampleproc::telemetry {

prometheus::MetricFamily One(std::string name, std::string help, prometheus::MetricType type,
                             double value,
                             std::vector<prometheus::ClientMetric::Label> labels = {});

// A counter with one label, and its value for each word of that.
prometheus::MetricFamily Counts(
    std::string name, std::string help, const char* label,
    std::initializer_list<std::pair<const char*, std::uint64_t>> counts);

// All of them, those of the process (proc(5)) included.
void AddReadings(const Gauges& gauges, std::vector<prometheus::MetricFamily>& families);

void AddDeadLetters(const DeadLetterGauges& gauges,
                    std::vector<prometheus::MetricFamily>& families);
void AddClients(const std::vector<ClientGauges>& clients,
                std::vector<prometheus::MetricFamily>& families);
void AddSinks(const std::vector<SinkGauges>& sinks,
              std::vector<prometheus::MetricFamily>& families);

}  // namespace sampleproc::telemetry

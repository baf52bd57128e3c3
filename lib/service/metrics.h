// Everything that the service counts: what its folders count, in one registry.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cameras/metrics.h"
#include "consumer/metrics.h"
#include "history/metrics.h"
#include "http/metrics.h"
#include "mqtt/metrics.h"
#include "net/http_client.h"
#include "process/metrics.h"
#include "resources/memory_budget.h"
#include "telemetry/metrics.h"
#include "telemetry/registry.h"

namespace sampleproc::service {

// Of the client of one upstream.
struct ClientReading {
  std::string_view upstream;  // "frame_buffer", "orchestrator", "webhook"
  net::HttpClientCounts counts;
};

// Where numbers are read that the service's parts keep for themselves; asked at each look. A part
// that is not there has none.
struct MetricSources {
  std::function<const http::Server*()> server = {};
  process::MetricSources process = {};
  std::function<const resources::MemoryBudget*()> budget = {};
  std::function<std::vector<cameras::CameraGauges>()> cameras = {};
  consumer::MetricSources consumer = {};
  std::function<std::vector<ClientReading>()> clients = {};
  history::MetricSources history = {};
  std::function<const mqtt::Publisher*()> publisher = {};
  telemetry::MetricSources telemetry = {};
};

// Thread-safe.
class Metrics {
  const base::Clock& clock_;

 public:
  // `clock` must outlive it.
  Metrics(const base::Clock& clock, const std::string& version,
          process::Metrics::IsConfigured is_configured, MetricSources sources);

  telemetry::Registry registry;
  http::Metrics http;
  process::Metrics frames;
  consumer::Metrics consumer;
  history::Metrics events;

  // A configuration was read anew; without success the old one stays.
  void ConfigReloaded(bool successful);

 private:
  telemetry::Section section_;
  const telemetry::Counters<1> reloads_ = section_.AddCounters(
      "sampleproc_config_reloads_total",
      "Readings of the configuration after the start (SIGHUP), by what became of them.",
      {"outcome"});
  const telemetry::Gauge reload_successful_ =
      section_.AddGauge("sampleproc_config_last_reload_successful",
                        "Whether the last reading of the configuration succeeded.");
  const telemetry::Gauge reload_time_ =
      section_.AddGauge("sampleproc_config_last_reload_success_timestamp_seconds",
                        "When the configuration in force was read, in seconds since 1970.");
};

// The tables of packaging/METRICS.md, without a service.
std::string DescribeMetrics();

}  // namespace sampleproc::service

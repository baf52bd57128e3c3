#include "service/metrics.h"

#include <chrono>
#include <optional>
#include <utility>

#include "telemetry/metrics_page.h"

namespace sampleproc::service {
namespace {

using telemetry::Chapter;
using telemetry::kCounter;
using telemetry::kGauge;
using telemetry::Samples;

constexpr telemetry::Reading<resources::MemoryBudget> kBudget[] = {
    {kGauge,
     "sampleproc_memory_budget_used_bytes",
     "Reserved for bodies, pixels and scratch.",
     {},
     [](const resources::MemoryBudget& budget, Samples& samples) { samples.Add(budget.used()); }},
    {kGauge,
     "sampleproc_memory_budget_limit_bytes",
     "What may be reserved together.",
     {},
     [](const resources::MemoryBudget& budget, Samples& samples) {
       samples.Add(budget.capacity());
     }},
};

// A member, told by upstream.
template <auto kMember>
void TellClient(const ClientReading& client, Samples& samples) {
  samples.Add(client.counts.*kMember, {client.upstream});
}

constexpr telemetry::Reading<ClientReading> kClients[] = {
    {kCounter,
     "sampleproc_http_client_requests_total",
     "Requests to an upstream.",
     {"upstream"},
     &TellClient<&net::HttpClientCounts::requests>},
    {kCounter,
     "sampleproc_http_client_connections_total",
     "Connections that were opened to an upstream.",
     {"upstream"},
     &TellClient<&net::HttpClientCounts::opened>},
    {kCounter,
     "sampleproc_http_client_reused_total",
     "Requests on a connection that had been kept.",
     {"upstream"},
     &TellClient<&net::HttpClientCounts::reused>},
    {kCounter,
     "sampleproc_http_client_waits_total",
     "Requests that waited because all connections were in use (net.pool_size).",
     {"upstream"},
     &TellClient<&net::HttpClientCounts::waits>},
    {kCounter,
     "sampleproc_http_client_wait_seconds_total",
     "How long they waited together.",
     {"upstream"},
     [](const ClientReading& client, Samples& samples) {
       samples.Add(std::chrono::duration<double>(client.counts.waited).count(), {client.upstream});
     }},
    {kCounter,
     "sampleproc_http_client_circuits_opened_total",
     "Times that an upstream took no connection and was left alone for a while.",
     {"upstream"},
     &TellClient<&net::HttpClientCounts::circuits_opened>},
    {kGauge,
     "sampleproc_http_client_circuit_open",
     "Whether an upstream takes no connection and is left alone at the moment, but for one attempt "
     "now and then.",
     {"upstream"},
     &TellClient<&net::HttpClientCounts::circuit_open>},
};

constexpr telemetry::Reading<std::string> kVersion[] = {
    {kGauge,
     "sampleproc_build_info",
     "1, with the version as a label.",
     {"version"},
     [](const std::string& version, Samples& samples) { samples.Add(1, {version}); }},
};

double Seconds(base::WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

}  // namespace

Metrics::Metrics(const base::Clock& clock, const std::string& version,
                 process::Metrics::IsConfigured is_configured, MetricSources sources)
    : clock_(clock),
      registry(clock),
      http(registry, std::move(sources.server)),
      frames(registry, clock, std::move(is_configured), std::move(sources.process)),
      consumer(registry, std::move(sources.consumer)),
      events(registry, std::move(sources.history)),
      section_(registry, Chapter::kService) {
  reload_successful_.Set(1);
  reload_time_.Set(Seconds(clock.Wall()));
  section_.AddReadings(kVersion, std::function([version] { return std::optional(version); }));
  telemetry::Section(registry, Chapter::kWorkers).AddReadings(kBudget, std::move(sources.budget));
  telemetry::Section(registry, Chapter::kConsumer)
      .AddReadings(kClients, std::move(sources.clients));
  cameras::AddMetrics(registry, std::move(sources.cameras));
  mqtt::AddMetrics(registry, std::move(sources.publisher));
  telemetry::AddMetrics(registry, std::move(sources.telemetry));
}

void Metrics::ConfigReloaded(bool successful) {
  reloads_.Of(successful ? "applied" : "refused").Add();
  reload_successful_.Set(successful ? 1 : 0);
  if (successful) reload_time_.Set(Seconds(clock_.Wall()));
}

std::string DescribeMetrics() {
  const Metrics all(base::SystemClock(), "", {}, {});
  return telemetry::MetricTables(all.registry.rows());
}

}  // namespace sampleproc::service

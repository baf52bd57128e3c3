#include "http/metrics.h"

#include <chrono>
#include <utility>

namespace sampleproc::http {
namespace {

using telemetry::kCounter;
using telemetry::kGauge;
using telemetry::Samples;

constexpr telemetry::Reading<Server> kServer[] = {
    {kGauge,
     "sampleproc_http_connections",
     "Open connections of clients.",
     {},
     [](const Server& server, Samples& samples) { samples.Add(server.connections()); }},
    {kCounter,
     "sampleproc_http_refused_connections_total",
     "Connections over http.max_connections or http.max_connections_per_client.",
     {},
     [](const Server& server, Samples& samples) { samples.Add(server.refused_connections()); }},
    {kGauge,
     "sampleproc_tls_certificate_expiry_timestamp_seconds",
     "Until when the certificate (http.tls_cert) is valid, in seconds since 1970.",
     {},
     [](const Server& server, Samples& samples) {
       const auto end = server.certificate_end();
       if (!end) return;
       samples.Add(std::chrono::duration<double>(end->time_since_epoch()).count());
     }},
    {kCounter,
     "sampleproc_tls_handshake_failures_total",
     "TLS handshakes that failed or took longer than http.tls_handshake_timeout.",
     {},
     [](const Server& server, Samples& samples) {
       if (server.certificate_end()) samples.Add(server.failed_handshakes());
     }},
    {kCounter,
     "sampleproc_http_accept_failures_total",
     "Times that no connection could be taken, for want of descriptors or kernel memory.",
     {},
     [](const Server& server, Samples& samples) { samples.Add(server.accept_failures()); }},
};

}  // namespace

Metrics::Metrics(telemetry::Registry& registry, std::function<const Server*()> server)
    : section_(registry, telemetry::Chapter::kFrames) {
  section_.AddReadings(kServer, std::move(server));
}

}  // namespace sampleproc::http

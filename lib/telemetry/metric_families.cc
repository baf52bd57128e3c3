#include "telemetry/metric_families.h"

#include <utility>

namespace sampleproc::telemetry {

using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily One(std::string name, std::string help, MetricType type, double value,
                 std::vector<prometheus::ClientMetric::Label> labels) {
  MetricFamily family{std::move(name), std::move(help), type, {}};
  prometheus::ClientMetric metric;
  metric.label = std::move(labels);
  (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  family.metric.push_back(std::move(metric));
  return family;
}

MetricFamily Counts(std::string name, std::string help, const char* label,
                    std::initializer_list<std::pair<const char*, std::uint64_t>> counts) {
  MetricFamily family{std::move(name), std::move(help), MetricType::Counter, {}};
  for (const auto& [word, count] : counts) {
    prometheus::ClientMetric metric;
    metric.label.push_back({label, word});
    metric.counter.value = static_cast<double>(count);
    family.metric.push_back(std::move(metric));
  }
  return family;
}

void AddDeadLetters(const DeadLetterGauges& gauges, std::vector<MetricFamily>& families) {
  const auto add = [&](const char* name, const char* help, std::uint64_t value) {
    families.push_back(One(name, help, MetricType::Gauge, static_cast<double>(value)));
  };
  add("sampleproc_dead_letters", "Frames in the dead-letter stream (consumer.redis.dlq_stream).",
      gauges.letters);
  add("sampleproc_dead_letters_limit_bytes",
      "Memory of Redis that dead letters may take (consumer.redis.dlq_max_bytes).",
      gauges.limit_bytes);
  if (!gauges.bytes) return;
  add("sampleproc_dead_letters_bytes",
      "Memory of Redis that dead letters take, as Redis estimates it.", *gauges.bytes);
}

void AddClients(const std::vector<ClientGauges>& clients, std::vector<MetricFamily>& families) {
  struct Column {
    const char* name;
    MetricType type;
    const char* help;
    double (*value)(const ClientGauges&);
  };
  constexpr Column kColumns[] = {
      {"sampleproc_http_client_requests_total", MetricType::Counter, "Requests to an upstream.",
       [](const ClientGauges& c) { return static_cast<double>(c.requests); }},
      {"sampleproc_http_client_connections_total", MetricType::Counter,
       "Connections that were opened to an upstream.",
       [](const ClientGauges& c) { return static_cast<double>(c.opened); }},
      {"sampleproc_http_client_reused_total", MetricType::Counter,
       "Requests on a connection that had been kept.",
       [](const ClientGauges& c) { return static_cast<double>(c.reused); }},
      {"sampleproc_http_client_waits_total", MetricType::Counter,
       "Requests that waited because all connections were in use (net.pool_size).",
       [](const ClientGauges& c) { return static_cast<double>(c.waits); }},
      {"sampleproc_http_client_wait_seconds_total", MetricType::Counter,
       "How long they waited together.", [](const ClientGauges& c) { return c.waited_seconds; }},
      {"sampleproc_http_client_circuits_opened_total", MetricType::Counter,
       "Times that an upstream took no connection and was left alone for a while.",
       [](const ClientGauges& c) { return static_cast<double>(c.circuits_opened); }},
      {"sampleproc_http_client_circuit_open", MetricType::Gauge,
       "Whether an upstream takes no connection and is left alone at the moment, but for one "
       "attempt now and then.",
       [](const ClientGauges& c) { return c.circuit_open ? 1.0 : 0.0; }},
  };
  if (clients.empty()) return;
  for (const Column& column : kColumns) {
    MetricFamily family{column.name, column.help, column.type, {}};
    for (const ClientGauges& client : clients) {
      prometheus::ClientMetric metric;
      metric.label.push_back({"upstream", std::string(client.upstream)});
      const double value = column.value(client);
      (column.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
      family.metric.push_back(std::move(metric));
    }
    families.push_back(std::move(family));
  }
}

void AddSinks(const std::vector<SinkGauges>& sinks, std::vector<MetricFamily>& families) {
  if (sinks.empty()) return;
  MetricFamily records{
      "sampleproc_sink_records_total",
      "Results and events that a sink delivered, had no room for (lost; put_off when the "
      "spool has the frame, which is done again), or that its other side does "
      "not want (refused).",
      MetricType::Counter,
      {}};
  MetricFamily held{"sampleproc_sink_held_records",
                    "Results and events that a sink keeps until they are delivered.",
                    MetricType::Gauge,
                    {}};
  MetricFamily failing{
      "sampleproc_sink_failing",
      "Whether a sink delivers nothing at the moment: it fails, hangs or is refused.",
      MetricType::Gauge,
      {}};
  for (const SinkGauges& sink : sinks) {
    const auto add = [&](MetricFamily& family, double value, const char* outcome) {
      prometheus::ClientMetric metric;
      metric.label.push_back({"sink", std::string(sink.name)});
      if (outcome != nullptr) metric.label.push_back({"outcome", outcome});
      (family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
      family.metric.push_back(std::move(metric));
    };
    add(records, static_cast<double>(sink.delivered), "delivered");
    add(records, static_cast<double>(sink.lost), "lost");
    add(records, static_cast<double>(sink.put_off), "put_off");
    add(records, static_cast<double>(sink.refused), "refused");
    add(held, static_cast<double>(sink.held), nullptr);
    add(failing, sink.failing ? 1 : 0, nullptr);
  }
  for (MetricFamily* family : {&records, &held, &failing}) families.push_back(std::move(*family));
}

}  // namespace sampleproc::telemetry

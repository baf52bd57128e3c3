#include "config/schema_rows.h"

namespace sampleproc::config {
namespace {

void AddLogRows(std::vector<Key>& rows) {
  rows.push_back(Bind(
      {.path = "telemetry.log_level",
       .kind = Kind::kEnum,
       .original_names = {{"LOG_LEVEL"}},
       .words = {"debug", "info", "warning", "error"},
       .aliases =
           {{"warn", "warning"}, {"trace", "debug"}, {"critical", "error"}, {"fatal", "error"}},
       .help =
           "Least severe log line that is written. Requests are lines of level info, those that "
           "end in 500 error, in 502 to 504 warning; \"debug\" adds probes, batches, and each "
           "frame's failure where info tells the first of many.",
       .reloadable = true},
      [](auto& c) -> auto& { return c.telemetry.log_level; }));
  rows.push_back(
      Bind({.path = "telemetry.log_format",
            .kind = Kind::kEnum,
            .words = {"auto", "logfmt", "json"},
            .help = "How log lines look. \"auto\" is logfmt on a terminal and JSON elsewhere."},
           [](auto& c) -> auto& { return c.telemetry.log_format; }));
  rows.push_back(
      Bind({.path = "telemetry.statistics_interval",
            .kind = Kind::kDuration,
            .max = 24 * kHour,
            .help = "How often a line \"statistics\" says what there was to do since the last one: "
                    "frames, failures, memory, what waits and what was lost. 0 is never."},
           [](auto& c) -> auto& { return c.telemetry.statistics_interval; }));
  rows.push_back(Bind({.path = "telemetry.metrics",
                       .kind = Kind::kBool,
                       .original_names = {{"ENABLE_METRICS"}, {"METRICS_ENABLED"}},
                       .help = "Answer GET /metrics. It costs a scrape's time and nothing else."},
                      [](auto& c) -> auto& { return c.telemetry.metrics; }));
}

// Where spans go.
void AddCollectorRows(std::vector<Key>& rows) {
  rows.push_back(
      Bind({.path = "telemetry.tracing",
            .kind = Kind::kBool,
            .original_names = {{"ENABLE_TRACING"}},
            .help = "Send spans to telemetry.otlp_endpoint. Setting that turns it on too, unless "
                    "this says false."},
           [](auto& c) -> auto& { return c.telemetry.tracing; }));
  rows.push_back(Bind({.path = "telemetry.traces_exporter",
                       .kind = Kind::kEnum,
                       .original_names = {{"OTEL_TRACES_EXPORTER"}},
                       .words = {"otlp", "none"},
                       .help = "\"none\" sends no spans, whatever the other keys say."},
                      [](auto& c) -> auto& { return c.telemetry.traces_exporter; }));
  rows.push_back(Bind({.path = "telemetry.sdk_disabled",
                       .kind = Kind::kBool,
                       .original_names = {{"OTEL_SDK_DISABLED"}},
                       .help = "True sends no spans, whatever the other keys say."},
                      [](auto& c) -> auto& { return c.telemetry.sdk_disabled; }));
  rows.push_back(Bind(
      {.path = "telemetry.otlp_endpoint",
       .kind = Kind::kString,
       .original_names = {{"JAEGER_ENDPOINT"}, {"OTEL_EXPORTER_OTLP_ENDPOINT"}},
       .max = 4096,
       .help = "URL of the collector that spans are sent to, by OTLP over HTTP; /v1/traces is put "
               "behind its path. The ports 4317 and 14268, of protocols that are not spoken, mean "
               "4318 of the same host. Empty is none.",
       .url = true,
       .url_example = "http://collector:4318"},
      [](auto& c) -> auto& { return c.telemetry.otlp_endpoint; }));
  rows.push_back(Bind({.path = "telemetry.otlp_traces_endpoint",
                       .kind = Kind::kString,
                       .original_names = {{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"}},
                       .max = 4096,
                       .help = "The same with the whole path, for spans alone; it wins.",
                       .url = true,
                       .url_example = "http://collector:4318/v1/traces"},
                      [](auto& c) -> auto& { return c.telemetry.otlp_traces_endpoint; }));
  rows.push_back(Bind(
      {.path = "telemetry.otlp_protocol",
       .kind = Kind::kEnum,
       .original_names = {{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"}, {"OTEL_EXPORTER_OTLP_PROTOCOL"}},
       .words = {"auto", "http/json", "http/protobuf", "grpc"},
       .help = "What the endpoint speaks. Spans are always sent as JSON over HTTP, which "
               "collectors take at the address for protobuf too. With one of the first two "
               "protocols over HTTP named, the port is taken as it stands."},
      [](auto& c) -> auto& { return c.telemetry.otlp_protocol; }));
  rows.push_back(Bind(
      {.path = "telemetry.otlp_headers",
       .kind = Kind::kString,
       .original_names = {{"OTEL_EXPORTER_OTLP_TRACES_HEADERS"}, {"OTEL_EXPORTER_OTLP_HEADERS"}},
       .max = 8192,
       .help = "Further header fields for the collector, such as its key: "
               "\"name=value,name=value\", values percent-encoded. Those that each request sets "
               "itself (Host, Content-Type and the like) are refused.",
       .secret = true},
      [](auto& c) -> auto& { return c.telemetry.otlp_headers; }));
  rows.push_back(Bind({.path = "telemetry.otlp_ca_file",
                       .kind = Kind::kString,
                       .original_names = {{"OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE"},
                                          {"OTEL_EXPORTER_OTLP_CERTIFICATE"}},
                       .max = 4096,
                       .help = "PEM file of the authorities that the certificate of a collector "
                               "over https may come from; empty is those that this system trusts.",
                       .file = true},
                      [](auto& c) -> auto& { return c.telemetry.otlp_ca_file; }));
  rows.push_back(Bind(
      {.path = "telemetry.otlp_timeout",
       .kind = Kind::kDuration,
       .original_names = {{"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"}, {"OTEL_EXPORTER_OTLP_TIMEOUT"}},
       .min = 10 * kMs,
       .max = kMinute,
       .help = "Longest time for one request to the collector. No frame ever waits for it."},
      [](auto& c) -> auto& { return c.telemetry.otlp_timeout; }));
}

// Which spans there are, and how many wait.
void AddSpanRows(std::vector<Key>& rows) {
  rows.push_back(Bind(
      {.path = "telemetry.sampler",
       .kind = Kind::kEnum,
       .original_names = {{"OTEL_TRACES_SAMPLER"}},
       .words = {"always_on", "always_off", "traceidratio", "parentbased_always_on",
                 "parentbased_always_off", "parentbased_traceidratio"},
       .help = "Which requests and frames are traced. The parentbased_ ones follow the "
               "decision that the caller's traceparent carries, if there is one. With all but "
               "always_off, what fails is traced anyhow: up to 50 traces a second of what fails "
               "here, and 10 of what callers cause or only a part of failed."},
      [](auto& c) -> auto& { return c.telemetry.sampler; }));
  rows.push_back(Bind({.path = "telemetry.sample_ratio",
                       .kind = Kind::kReal,
                       .original_names = {{"OTEL_TRACES_SAMPLER_ARG"}},
                       .max = 1,
                       .help = "Share of traces that the samplers named traceidratio take."},
                      [](auto& c) -> auto& { return c.telemetry.sample_ratio; }));
  rows.push_back(
      Bind({.path = "telemetry.resource_attributes",
            .kind = Kind::kString,
            .original_names = {{"OTEL_RESOURCE_ATTRIBUTES"}},
            .max = 8192,
            .help = "What is told of the service with its spans: \"name=value,name=value\", "
                    "values percent-encoded. service.name is that of [service]."},
           [](auto& c) -> auto& { return c.telemetry.resource_attributes; }));
  rows.push_back(
      Bind({.path = "telemetry.span_queue",
            .kind = Kind::kInt,
            .original_names = {{"OTEL_BSP_MAX_QUEUE_SIZE"}},
            .min = 1,
            .max = 1'000'000,
            .unit = "spans",
            .help = "Spans that may wait to be sent, half a KiB each; a frame has about ten. What "
                    "comes then is dropped and counted (sampleproc_spans_dropped_total)."},
           [](auto& c) -> auto& { return c.telemetry.span_queue; }));
  rows.push_back(Bind({.path = "telemetry.span_batch",
                       .kind = Kind::kInt,
                       .original_names = {{"OTEL_BSP_MAX_EXPORT_BATCH_SIZE"}},
                       .min = 1,
                       .max = 100'000,
                       .unit = "spans",
                       .help = "The most spans that are sent in one request; those of one trace "
                               "stay together."},
                      [](auto& c) -> auto& { return c.telemetry.span_batch; }));
  rows.push_back(Bind({.path = "telemetry.span_delay",
                       .kind = Kind::kDuration,
                       .original_names = {{"OTEL_BSP_SCHEDULE_DELAY"}},
                       .max = kMinute,
                       .help = "How long spans wait for a batch to be full."},
                      [](auto& c) -> auto& { return c.telemetry.span_delay; }));
  rows.push_back(
      Bind({.path = "telemetry.span_timeout",
            .kind = Kind::kDuration,
            .original_names = {{"OTEL_BSP_EXPORT_TIMEOUT"}},
            .min = 10 * kMs,
            .max = kHour,
            .help = "How long spans that the collector does not take are sent again, with growing "
                    "pauses or when it says (Retry-After, up to 10 minutes). Then they are dropped "
                    "and counted."},
           [](auto& c) -> auto& { return c.telemetry.span_timeout; }));
}

}  // namespace

void AddTelemetryRows(std::vector<Key>& rows) {
  AddLogRows(rows);
  AddCollectorRows(rows);
  AddSpanRows(rows);
}

}  // namespace sampleproc::config

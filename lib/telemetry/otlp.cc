#include "telemetry/otlp.h"

#include <chrono>
#include <cmath>
#include <cstdint>

#include "json/writer.h"
#include "net/url.h"

namespace sampleproc::telemetry {
namespace {

constexpr std::string_view kSchema = "https://opentelemetry.io/schemas/1.30.0";
constexpr std::string_view kScope = "sampleproc";
constexpr std::string_view kTracesPath = "/v1/traces";
constexpr std::uint16_t kGrpcPort = 4317;
constexpr std::uint16_t kThriftPort = 14268;
constexpr int kHttpPort = 4318;
constexpr int kError = 2;  // STATUS_CODE_ERROR

// Of a span's flags, besides those of its trace: whether its parent is remote is known, and so.
constexpr unsigned kRemoteKnown = 0x100;
constexpr unsigned kRemote = 0x200;

void Attribute(json::JsonWriter& json, std::string_view name, std::string_view type,
               const auto& write) {
  json.BeginObject();
  json.Member("key", name);
  json.Key("value");
  json.BeginObject();
  json.Key(type);
  write();
  json.EndObject();
  json.EndObject();
}

void Attribute(json::JsonWriter& json, const base::SpanAttribute& attribute) {
  if (const auto* text = std::get_if<std::string>(&attribute.value)) {
    Attribute(json, attribute.name, "stringValue", [&] { json.String(*text); });
  } else if (const auto* number = std::get_if<std::int64_t>(&attribute.value)) {
    // 64 bits are text in protobuf's JSON.
    Attribute(json, attribute.name, "intValue", [&] { json.String(std::to_string(*number)); });
  } else if (const auto* real = std::get_if<double>(&attribute.value)) {
    const double finite = std::isfinite(*real) ? *real : 0;
    Attribute(json, attribute.name, "doubleValue", [&] { json.Double(finite); });
  } else {
    Attribute(json, attribute.name, "boolValue",
              [&] { json.Bool(std::get<bool>(attribute.value)); });
  }
}

void Time(json::JsonWriter& json, std::string_view name, const base::SpanBatch& batch,
          base::MonoTime when) {
  const auto wall = std::chrono::duration_cast<std::chrono::nanoseconds>(
      batch.wall.time_since_epoch() + (when - batch.mono));
  json.Member(name, std::to_string(wall.count()));
}

void Span(json::JsonWriter& json, const base::SpanBatch& batch, const base::SpanRecord& span) {
  const bool remote = batch.remote_parent && span.id == batch.first_span;
  json.BeginObject();
  json.Member("traceId", batch.trace.trace_id);
  json.Member("spanId", base::SpanIdText(span.id));
  if (span.parent != 0) json.Member("parentSpanId", base::SpanIdText(span.parent));
  if (!batch.trace.state.empty()) json.Member("traceState", batch.trace.state);
  json.Member("flags", batch.trace.flags | kRemoteKnown | (remote ? kRemote : 0));
  json.Member("name", span.name);
  json.Member("kind", static_cast<int>(span.kind));
  Time(json, "startTimeUnixNano", batch, span.begun);
  Time(json, "endTimeUnixNano", batch, span.ended);
  if (!span.attributes.empty()) {
    json.Key("attributes");
    json.BeginArray();
    for (const base::SpanAttribute& each : span.attributes) Attribute(json, each);
    json.EndArray();
  }
  if (!span.links.empty()) {
    json.Key("links");
    json.BeginArray();
    for (const base::TraceContext& link : span.links) {
      json.BeginObject();
      json.Member("traceId", link.trace_id);
      json.Member("spanId", link.span_id);
      if (!link.state.empty()) json.Member("traceState", link.state);
      json.EndObject();
    }
    json.EndArray();
  }
  if (span.failed) {
    json.Key("status");
    json.BeginObject();
    json.Member("code", kError);
    if (!span.failure.empty()) json.Member("message", span.failure);
    json.EndObject();
  }
  json.EndObject();
}

}  // namespace

OtlpTarget TargetOf(const Options& options) {
  const bool whole = !options.otlp_traces_endpoint.empty();
  const std::string& given = whole ? options.otlp_traces_endpoint : options.otlp_endpoint;
  const auto url = net::ParseUrl(given);
  if (!url) return {};
  const bool has_query = given.find('?') != std::string::npos;
  const bool named = options.otlp_protocol == OtlpProtocol::kJson ||
                     options.otlp_protocol == OtlpProtocol::kProtobuf;
  const bool other = url->port == kGrpcPort || url->port == kThriftPort;
  if (!named && other) {
    // The credentials stay, the rest of the address is known.
    const std::size_t host = given.find("://") + 3;
    const std::size_t end = std::min(given.find_first_of("/?#", host), given.size());
    const std::string authority = given.substr(host, end - host);
    const std::string with_port = authority.substr(0, authority.rfind(':') + 1);
    net::Url meant = *url;
    meant.port = kHttpPort;
    return {.url = given.substr(0, host) + with_port + std::to_string(kHttpPort) +
                   std::string(kTracesPath),
            .note = "port " + std::to_string(url->port) +
                    (url->port == kGrpcPort ? " is that of OTLP over gRPC"
                                            : " is that of Jaeger's own protocol") +
                    ", which this service does not speak: spans go to " + meant.Authority() +
                    std::string(kTracesPath) + " by OTLP over HTTP",
            .drops_query = has_query};
  }
  std::string note;
  if (options.otlp_protocol == OtlpProtocol::kGrpc) {
    note = "port " + std::to_string(url->port) +
           " is to be spoken to by OTLP over gRPC (telemetry.otlp_protocol), which this service "
           "does not speak: spans go there by OTLP over HTTP";
  }
  if (whole) return {.url = given, .note = std::move(note)};
  const std::size_t host = given.find("://") + 3;
  const std::size_t path = std::min(given.find_first_of("/?#", host), given.size());
  return {.url = given.substr(0, path) + net::Below(*url, std::string(kTracesPath)),
          .note = std::move(note),
          .drops_query = has_query};
}

std::string OtlpJson(const TextPairs& resource, std::string_view version,
                     std::span<const base::SpanBatch> batches) {
  std::string text;
  json::JsonWriter json(text);
  json.BeginObject();
  json.Key("resourceSpans");
  json.BeginArray();
  json.BeginObject();
  json.Key("resource");
  json.BeginObject();
  json.Key("attributes");
  json.BeginArray();
  for (const auto& [name, value] : resource) {
    Attribute(json, name, "stringValue", [&json, &value] { json.String(value); });
  }
  json.EndArray();
  json.EndObject();
  json.Key("scopeSpans");
  json.BeginArray();
  json.BeginObject();
  json.Key("scope");
  json.BeginObject();
  json.Member("name", kScope);
  json.Member("version", version);
  json.EndObject();
  json.Key("spans");
  json.BeginArray();
  for (const base::SpanBatch& batch : batches) {
    for (const base::SpanRecord& span : batch.spans) Span(json, batch, span);
  }
  json.EndArray();
  json.Member("schemaUrl", kSchema);
  json.EndObject();
  json.EndArray();
  json.Member("schemaUrl", kSchema);
  json.EndObject();
  json.EndArray();
  json.EndObject();
  return text;
}

}  // namespace sampleproc::telemetry

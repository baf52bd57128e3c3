// What is sent to a collector, and where: OTLP over HTTP as JSON (the OpenTelemetry Protocol,
// specification 1.3, and protobuf's JSON mapping as it changes it: ids are hexadecimal).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/span.h"
#include "telemetry/options.h"

namespace sampleproc::telemetry {

using TextPairs = std::vector<std::pair<std::string, std::string>>;

// Where spans go.
struct OtlpTarget {
  std::string url;   // "" = nowhere
  std::string note;  // what of the configured address was taken otherwise; "" = nothing
};

// By the OpenTelemetry specification: otlp_traces_endpoint as it stands, else otlp_endpoint with
// /v1/traces behind its path. The ports of OTLP over gRPC (4317) and of Jaeger's Thrift (14268)
// mean 4318 of the same host, unless a protocol over HTTP is named. `note` has no credentials.
OtlpTarget TargetOf(const Options& options);

// "name=value,name=value" (W3C Baggage, as the standard's variables have it), values
// percent-decoded. Pairs without a name or '=', or with a character that no header may have, are
// left out.
TextPairs ParsePairs(std::string_view text);

// An ExportTraceServiceRequest. `resource` has what the spans have in common.
std::string OtlpJson(const TextPairs& resource, std::string_view version,
                     std::span<const base::SpanBatch> batches);

}  // namespace sampleproc::telemetry

// What is sent to a collector, and where: OTLP over HTTP as JSON (the OpenTelemetry Protocol,
// specification 1.3, and protobuf's JSON mapping as it changes it: ids are hexadecimal).
#pragma once

#include <cstddef>
#include <cstdint>
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
  std::string url;           // "" = nowhere
  std::string note;          // what of the configured address was taken otherwise; "" = nothing
  bool drops_query = false;  // the configured address has a query, which is not sent
};

// By the OpenTelemetry specification: otlp_traces_endpoint as it stands, else otlp_endpoint with
// /v1/traces behind its path. The ports of OTLP over gRPC (4317) and of Jaeger's Thrift (14268)
// mean 4318 of the same host, unless a protocol over HTTP is named. `note` has no credentials.
OtlpTarget TargetOf(const Options& options);

// "name=value,name=value" (W3C Baggage, as the standard's variables have it), values
// percent-decoded. Pairs without a name or '=', or with a character that no header may have, are
// left out.
TextPairs ParsePairs(std::string_view text);

// The fields that Options::otlp_headers adds to a request. What cannot be sent is left out: what
// ParsePairs leaves out, a name with a '%' in it, and those that the exporter or its HTTP client
// set themselves.
TextPairs HeaderFields(std::string_view text);

// Why an entry of Options::otlp_headers is left out; it has nothing of a value, which is a secret.
struct HeaderFault {
  std::size_t entry = 0;    // from 0, in the order of the text
  std::string why;          // "has no '=' behind the name"
  bool is_refused = false;  // what it asks for would harm the request
};
std::vector<HeaderFault> HeaderFaults(std::string_view text);

// What an answer says of spans that were not taken though its status is 200: partialSuccess of an
// ExportTraceServiceResponse. Nothing of it, when the text is no such thing.
struct PartialSuccess {
  std::uint64_t rejected_spans = 0;
  std::string why;  // the collector's own words, cut
};
PartialSuccess ReadAnswer(std::string_view answer);

// An ExportTraceServiceRequest. `resource` has what the spans have in common.
std::string OtlpJson(const TextPairs& resource, std::string_view version,
                     std::span<const base::SpanBatch> batches);

}  // namespace sampleproc::telemetry

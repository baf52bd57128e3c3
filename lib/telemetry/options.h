// What is logged and how it looks; what is counted and traced.
#pragma once

#include <chrono>
#include <string>

namespace sampleproc::telemetry {

enum class LogFormat {
  kAuto,    // logfmt on a terminal, JSON else
  kLogfmt,  // level=info msg="listening" port=8099
  kJson,    // {"level":"info","msg":"listening","port":8099}
};

// Which requests and frames are traced: OTEL_TRACES_SAMPLER. With a parent_ one the caller's
// decision counts, if there is one.
enum class Sampler {
  kAlwaysOn,
  kAlwaysOff,
  kRatio,
  kParentAlwaysOn,
  kParentAlwaysOff,
  kParentRatio,
};

enum class OtlpProtocol {
  kAuto,      // as the port says: 4317 and 14268 mean port 4318 of the same host
  kJson,      // OTLP over HTTP, as JSON
  kProtobuf,  // asks for protobuf; JSON is sent to the same address
  kGrpc,      // not spoken: as kAuto
};

enum class TracesExporter { kOtlp, kNone };

struct Options {
  std::string log_level = "info";  // debug, info, warning, error
  LogFormat log_format = LogFormat::kAuto;
  std::chrono::milliseconds statistics_interval{60'000};  // of the line "statistics"; 0: none

  // Whether GET /metrics answers.
  bool metrics = true;

  // Whether spans are sent to otlp_endpoint. An endpoint that is set turns it on unless it is
  // turned off in so many words.
  bool tracing = false;
  TracesExporter traces_exporter = TracesExporter::kOtlp;
  bool sdk_disabled = false;
  std::string otlp_endpoint = {};         // URL of a collector; empty: none
  std::string otlp_traces_endpoint = {};  // the same with the path for spans; wins
  OtlpProtocol otlp_protocol = OtlpProtocol::kAuto;
  std::string otlp_headers = {};  // "name=value,name=value", percent-encoded; a secret
  std::string otlp_ca_file =
      {};  // PEM: whom to take for a collector over https; empty: the system's
  // Longest time for one request to the collector.
  std::chrono::milliseconds otlp_timeout{10'000};

  Sampler sampler = Sampler::kParentRatio;
  double sample_ratio = 1.0;             // of the ratio samplers, 0..1
  std::string resource_attributes = {};  // "name=value,name=value", percent-encoded

  // Spans that wait to be sent; each takes about half a KiB. What comes when it is full is dropped
  // and counted.
  int span_queue = 8192;
  int span_batch = 512;                         // the most that are sent together
  std::chrono::milliseconds span_delay{1'000};  // how long spans wait for company
  // How long those that were not taken are sent again.
  std::chrono::milliseconds span_timeout{300'000};
};

}  // namespace sampleproc::telemetry

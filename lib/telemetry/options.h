// What is logged and how it looks; what is counted and traced.
#pragma once

#include <string>

namespace sampleproc::telemetry {

enum class LogFormat {
  kAuto,    // logfmt on a terminal, JSON else
  kLogfmt,  // level=info msg="listening" port=8099
  kJson,    // {"level":"info","msg":"listening","port":8099}
};

struct Options {
  std::string log_level = "info";  // debug, info, warning, error
  LogFormat log_format = LogFormat::kAuto;

  // Whether GET /metrics answers.
  bool metrics = true;

  // Whether spans are sent to otlp_endpoint. An endpoint that is set turns it on unless it is
  // turned off in so many words.
  bool tracing = false;
  std::string otlp_endpoint = {};  // URL of a collector; empty: none
  double sample_ratio = 1.0;       // of requests that come without a decision of their own, 0..1
};

}  // namespace sampleproc::telemetry

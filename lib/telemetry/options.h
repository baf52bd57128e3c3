// What is logged and how it looks.
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
};

}  // namespace sampleproc::telemetry

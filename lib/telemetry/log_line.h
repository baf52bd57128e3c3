// One log line as text, without the newline.
#pragma once

#include <string>
#include <string_view>

#include "base/log.h"

namespace sampleproc::telemetry {

struct LineParts {
  std::string_view timestamp;  // "" leaves the member out
  base::LogLevel level = base::LogLevel::kInfo;
  std::string_view message;
  std::string_view service;
};

// {"ts":"...","level":"info","msg":"listening","service":"x","port":8099}. Valid JSON in UTF-8:
// invalid input bytes become U+FFFD, numbers that JSON has no form for become null.
std::string JsonLine(const LineParts& parts, base::LogFields fields);

// ts=... level=info msg="listening" service=x port=8099. Text is quoted unless it is a plain word;
// control characters are escaped, so a line is always one line.
std::string LogfmtLine(const LineParts& parts, base::LogFields fields);

// "debug", "info", "warning", "error".
std::string_view LevelName(base::LogLevel level);

}  // namespace sampleproc::telemetry

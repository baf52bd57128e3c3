// The log that everything writes to: structured lines on standard error, by spdlog.
#pragma once

#include <memory>

#include "base/log.h"
#include "telemetry/options.h"

namespace sampleproc::telemetry {

// A logger for one service. Each call makes its own; nothing is registered globally. Lines carry
// `ts` (RFC 3339, left out under journald, which stamps them itself), `level`, `msg`, the service's
// name and the fields given. Control characters and invalid UTF-8 are escaped.
std::shared_ptr<base::Logger> MakeLogger(const Options& options, std::string_view service_name);

// As MakeLogger into a string, for tests. `out` must outlive the logger.
std::shared_ptr<base::Logger> MakeStringLogger(const Options& options,
                                               std::string_view service_name, std::string* out);

}  // namespace sampleproc::telemetry

// The log that everything writes to: structured lines on standard error, by spdlog.
#pragma once

#include <memory>

#include "base/log.h"
#include "telemetry/options.h"

namespace sampleproc::telemetry {

// A logger for one service. Each call makes its own; nothing is registered globally. Lines carry
// `ts` (RFC 3339), `level`, `msg`, the service's name and the fields given. Where standard error is
// the journal's stream, which stamps lines itself, they are without `ts` and begin with their
// priority, "<6>" (sd-daemon(3)), which the journal takes off. Control characters and invalid UTF-8
// are escaped. They are written by a thread of the logger's own (log_writer.h), whose last lines
// its destructor waits for.
std::shared_ptr<base::Logger> MakeLogger(const Options& options, std::string_view service_name);

// As MakeLogger into a string, for tests. `out` must outlive the logger.
std::shared_ptr<base::Logger> MakeStringLogger(const Options& options,
                                               std::string_view service_name, std::string* out);

}  // namespace sampleproc::telemetry

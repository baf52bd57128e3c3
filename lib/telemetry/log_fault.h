// What to say of a log that cannot be written.
#pragma once

#include <string>

namespace sampleproc::telemetry {

// A sentence with the file, if `fd` is one, what is wrong by the `error_number` of a write to it,
// the limit where there is one, and what helps.
std::string LogFault(int fd, int error_number);

}  // namespace sampleproc::telemetry

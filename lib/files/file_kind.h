// Errors of the file system in our own terms.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/error.h"

namespace sampleproc::files {

// "<what>: no such file or directory": kNotFound when that is the reason, else kIo.
base::Error SystemError(const std::string& what, int error_number);

// "<path> is a FIFO, not a regular file": kUnsupportedFormat. `mode` is st_mode of stat(2).
base::Error NotRegular(const std::string& path, mode_t mode);

}  // namespace sampleproc::files

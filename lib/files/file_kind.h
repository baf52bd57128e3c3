// Errors of the file system in our own terms.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/error.h"

namespace sampleproc::files {

// "<path> is a FIFO, not a regular file": kUnsupportedFormat. `mode` is st_mode of stat(2).
base::Error NotRegular(const std::string& path, mode_t mode);

}  // namespace sampleproc::files

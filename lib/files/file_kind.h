// Errors of the file system in our own terms.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/bytes.h"
#include "base/error.h"

namespace sampleproc::files {

// Whether a file that begins with `start` is an image or a video, as far as this program reads or
// names them; video::kSniffBytes decide.
bool IsImageOrVideo(base::ByteView start);

// "<path> is a FIFO, not a regular file": kUnsupportedFormat. `mode` is st_mode of stat(2).
base::Error NotRegular(const std::string& path, mode_t mode);

}  // namespace sampleproc::files

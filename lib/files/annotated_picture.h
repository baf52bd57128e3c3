// Annotated pictures on disk, which later runs know as what they are.
#pragma once

#include <filesystem>

#include "base/bytes.h"
#include "base/error.h"

namespace sampleproc::files {

// Writes a JPEG of ours (codec/jpeg_encoder.h) as `path`, whose folder it makes, in one step, with
// a comment (ITU-T T.81, B.2.4.5) that IsAnnotatedPicture looks for. Fails with kIo.
base::Result<void> WriteAnnotatedPicture(const std::filesystem::path& path, base::ByteView jpeg);

// Whether `path` is one, and so may be written over; false also when it cannot be read or is no
// regular file.
bool IsAnnotatedPicture(const std::filesystem::path& path);

}  // namespace sampleproc::files

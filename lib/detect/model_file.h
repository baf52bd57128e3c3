// The bytes of a model.
#pragma once

#include <filesystem>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "detect/options.h"

namespace sampleproc::detect {

// Where `options.model` is.
std::filesystem::path ModelPath(const DetectorOptions& options, const Places& places);

// Reads it. Fails with kConfig: no model is named, it cannot be read, is larger than 1 GiB, or has
// another digest than `options.sha256`. Messages name the key or the file.
base::Result<base::ByteBuffer> ReadModel(const DetectorOptions& options, const Places& places);

}  // namespace sampleproc::detect

// Finds and loads the video module (see modules/module_loader.h).
#pragma once

#include <filesystem>
#include <memory>

#include "base/error.h"
#include "video/module_abi.h"

namespace sampleproc::video {

// Loads `module`, or when that is empty the one beside the program or where it is installed. Fails
// with kUnavailable.
base::Result<std::shared_ptr<const Module>> LoadModule(const std::filesystem::path& module);

}  // namespace sampleproc::video

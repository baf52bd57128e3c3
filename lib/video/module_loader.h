// Finds and loads the video module.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "base/error.h"
#include "video/module_abi.h"

namespace sampleproc::video {

// Where the module of the program `executable` may be, in the order they are tried: beside it (a
// build tree), in the library folder relative to it (an installation, wherever it was moved), in
// the library folder that the build was configured for.
std::vector<std::filesystem::path> ModuleCandidates(const std::filesystem::path& executable);

// Loads `module`, or when that is empty the first of the candidates that exists; loading it again
// costs microseconds. What it returns may be kept in any thread; the code stays loaded until the
// process ends, because FFmpeg's libraries are not made to be unloaded. Fails with kUnavailable:
// the message names the file that is missing, or the libraries it needs, or that it was built for
// another version.
base::Result<std::shared_ptr<const Module>> LoadModule(const std::filesystem::path& module);

}  // namespace sampleproc::video

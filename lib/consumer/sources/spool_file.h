// Files of a spool, read and written whole.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/error.h"

namespace sampleproc::consumer {

inline constexpr mode_t kSpoolFileMode = 0600;  // pictures of people

// The text of an answer. Fails with kIo, the path and the system's reason.
base::Result<std::string> ReadSpoolFile(const std::string& path);

// Makes a file, which must not be there, and leaves it open so that it can be synced. Fails as the
// other; what could not be written whole is deleted. Takes no memory unless it fails.
base::Result<base::Descriptor> WriteSpoolFile(const std::string& path, std::string_view text);

}  // namespace sampleproc::consumer

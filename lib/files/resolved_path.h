// Where links lead.
#pragma once

#include <string>

namespace sampleproc::files {

// The file that a link leads to, which need not be there, so that the link stays when another file
// takes that one's place.
std::string ResolvedPath(const std::string& path);

}  // namespace sampleproc::files

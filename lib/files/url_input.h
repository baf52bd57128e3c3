// Names of files, and URLs that stand in their place.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"

namespace sampleproc::files {

// What to do instead, as an error (kUsage), when `path` is a URL: "rtsp://...", "https://...",
// "data:...". Nothing for a path. Pure; whether such a file exists is the caller's to know.
std::optional<base::Error> UrlInsteadOfPath(const std::string& path);

// `path` as records, messages and logs show it. The name of what is there is shown as it is. What
// is not there may be the URL of a camera or one that is misspelt: users, passwords and the values
// of a query become "***" (see net::CutCredentials), what stands behind "data:" is cut.
std::string ShownName(const std::string& path);

}  // namespace sampleproc::files

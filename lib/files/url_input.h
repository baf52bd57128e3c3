// URLs where the path of a file should stand.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"

namespace sampleproc::files {

// What to do instead, as an error (kUsage), when `path` is a URL: "rtsp://...", "https://...",
// "data:...". Nothing for a path. Pure; whether such a file exists is the caller's to know.
std::optional<base::Error> UrlInsteadOfPath(const std::string& path);

// `url` without what may be a secret: user and password become stars, what stands behind "data:" is
// cut.
std::string WithoutSecrets(const std::string& url);

}  // namespace sampleproc::files

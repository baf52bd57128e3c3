// GET /: what this is and what it answers.
#pragma once

#include <string>
#include <vector>

#include "http/router.h"

namespace sampleproc::api {

// {"name", "version", "endpoints": ["GET /health", ...]}.
http::Handler MakeIndexHandler(const std::string& service_name, const std::string& service_version,
                               const std::vector<std::string>& endpoints);

}  // namespace sampleproc::api

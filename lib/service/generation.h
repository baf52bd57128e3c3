// A configuration and all that is made from it and replaced with it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "http/server.h"
#include "service/chain.h"

namespace sampleproc::service {

struct Generation {
  explicit Generation(const config::Config& given) : config(given) {}

  const config::Config config;
  ChainParts parts;
  std::optional<http::Site> site;
};

// The site of a generation, which keeps the generation alive: requests that began under it end
// under it.
inline std::shared_ptr<const http::Site> SiteOf(const std::shared_ptr<const Generation>& of) {
  return {of, &*of->site};
}

// `running` with every value of `wanted` that a reload may apply (the schema says which). The paths
// of what differs otherwise are appended to `waiting`: they wait for a restart.
config::Config Reloaded(const config::Config& running, const config::Config& wanted,
                        std::vector<std::string>& waiting);

}  // namespace sampleproc::service

#include "service/generation.h"

#include "config/schema.h"

namespace sampleproc::service {

config::Config Reloaded(const config::Config& running, const config::Config& wanted,
                        std::vector<std::string>& waiting) {
  config::Config merged = running;
  merged.cameras = wanted.cameras;  // as a whole: a camera may have come or gone
  for (const config::Key& key : config::MakeSchema(merged, wanted)) {
    const config::Setting value = key.get(wanted);
    if (value == key.get(running)) continue;
    if (key.reloadable) {
      key.set(merged, value);
    } else {
      waiting.emplace_back(key.path);
    }
  }
  return merged;
}

}  // namespace sampleproc::service

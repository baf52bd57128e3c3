#include "video/module_loader.h"

#include "modules/module_loader.h"

namespace sampleproc::video {

base::Result<std::shared_ptr<const Module>> LoadModule(const std::filesystem::path& module) {
  return modules::LoadModule<Module>(
      {.file = kModuleFile,
       .entry = kModuleEntry,
       .version = kModuleVersion,
       .failure = "videos cannot be read",
       .packages = "libavformat59, libavcodec59, libavutil57 and libswscale6"},
      module);
}

}  // namespace sampleproc::video

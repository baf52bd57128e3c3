#include "video/module_loader.h"

#include <dlfcn.h>

#include <string>
#include <system_error>

namespace sampleproc::video {
namespace {

std::unexpected<base::Error> Unavailable(std::string why) {
  return base::Fail(base::ErrorCode::kUnavailable, "videos cannot be read: " + std::move(why));
}

// dlerror() once, as a sentence's end.
std::string LoaderSays() {
  const char* const text = dlerror();
  return text == nullptr ? "unknown reason" : text;
}

base::Result<std::filesystem::path> Find() {
  std::error_code failed;
  const auto executable = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (failed) return Unavailable("/proc/self/exe, to look beside the program: " + failed.message());
  std::string tried;
  for (const auto& candidate : ModuleCandidates(executable)) {
    if (std::filesystem::exists(candidate, failed)) return candidate;
    tried += (tried.empty() ? "" : ", ") + candidate.parent_path().string();
  }
  return Unavailable(std::string(kModuleFile) + ", a part of sampleproc, is in none of " + tried);
}

}  // namespace

std::vector<std::filesystem::path> ModuleCandidates(const std::filesystem::path& executable) {
  const std::filesystem::path folder = executable.parent_path();
  return {folder / kModuleFile,
          (folder / SAMPLEPROC_LIBDIR_FROM_BINDIR / kModuleFile).lexically_normal(),
          std::filesystem::path(SAMPLEPROC_LIBDIR) / kModuleFile};
}

base::Result<std::shared_ptr<const Module>> LoadModule(const std::filesystem::path& module) {
  std::filesystem::path path = module;
  if (path.empty()) {
    auto found = Find();
    if (!found) return std::unexpected(std::move(found.error()));
    path = std::move(*found);
  }
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) {
    return Unavailable(LoaderSays() +
                       " (the module needs the Debian packages libavformat59, libavcodec59, "
                       "libavutil57 and libswscale6)");
  }
  const std::shared_ptr<void> open(library, [](void* handle) { dlclose(handle); });
  void* const symbol = dlsym(library, kModuleEntry);
  if (symbol == nullptr) return Unavailable(path.string() + " is no module of sampleproc");
  const Module* const table = reinterpret_cast<ModuleEntry>(symbol)();
  if (table == nullptr || table->version != kModuleVersion) {
    return Unavailable(path.string() + " belongs to another version of sampleproc");
  }
  return std::shared_ptr<const Module>(open, table);
}

}  // namespace sampleproc::video

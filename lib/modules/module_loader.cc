#include "modules/module_loader.h"

#include <dlfcn.h>

#include <algorithm>
#include <string>
#include <system_error>

#include "modules/shared_object.h"

namespace sampleproc::modules {
namespace {

std::unexpected<base::Error> Unavailable(const ModuleSpec& spec, const std::string& why) {
  return base::Fail(base::ErrorCode::kUnavailable, std::string(spec.failure) + ": " + why);
}

}  // namespace

std::vector<std::filesystem::path> ModuleCandidates(const std::filesystem::path& executable,
                                                    std::string_view file) {
  const std::filesystem::path folder = executable.parent_path();
  return {folder / file, (folder / SAMPLEPROC_LIBDIR_FROM_BINDIR / file).lexically_normal(),
          std::filesystem::path(SAMPLEPROC_LIBDIR) / file};
}

base::Result<std::filesystem::path> FindModule(std::string_view file) {
  std::error_code failed;
  const auto executable = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (failed) {
    return base::Fail(base::ErrorCode::kUnavailable,
                      "/proc/self/exe, to look beside the program: " + failed.message());
  }
  std::string tried;
  for (const auto& candidate : ModuleCandidates(executable, file)) {
    if (std::filesystem::exists(candidate, failed)) return candidate;
    tried += (tried.empty() ? "" : ", ") + candidate.parent_path().string();
  }
  std::string package(file.substr(0, file.rfind('.')));
  std::ranges::replace(package, '_', '-');
  return base::Fail(base::ErrorCode::kUnavailable,
                    std::string(file) + ", a part of sampleproc, is in none of " + tried +
                        "; where sampleproc is a Debian package, the package " + package +
                        " has it");
}

base::Result<std::shared_ptr<const void>> LoadModuleTable(const ModuleSpec& spec,
                                                          const std::filesystem::path& module) {
  std::filesystem::path path = module;
  if (path.empty()) {
    auto found = FindModule(spec.file);
    if (!found) return Unavailable(spec, found.error().message);
    path = std::move(*found);
  }
  const auto library = OpenSharedObject(path.string());
  if (!library) {
    return Unavailable(spec, library.error().message + " (the module needs the Debian packages " +
                                 std::string(spec.packages) + ")");
  }
  const std::shared_ptr<void> open(*library, [](void* handle) { dlclose(handle); });
  void* const symbol = dlsym(*library, spec.entry);
  if (symbol == nullptr) return Unavailable(spec, path.string() + " is no module of sampleproc");
  const void* const table = reinterpret_cast<const void* (*)()>(symbol)();
  if (table == nullptr || *static_cast<const std::uint32_t*>(table) != spec.version) {
    return Unavailable(spec, path.string() + " belongs to another version of sampleproc");
  }
  return std::shared_ptr<const void>(open, table);
}

}  // namespace sampleproc::modules

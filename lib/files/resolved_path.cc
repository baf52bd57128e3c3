#include "files/resolved_path.h"

#include <filesystem>
#include <system_error>

namespace sampleproc::files {

std::string ResolvedPath(const std::string& path) {
  namespace fs = std::filesystem;
  constexpr int kMostLinks = 40;  // as the kernel follows (path_resolution(7))
  std::error_code error;
  fs::path at = path;
  for (int i = 0; i < kMostLinks && fs::is_symlink(fs::symlink_status(at, error)); ++i) {
    const fs::path next = fs::read_symlink(at, error);
    if (error) return path;
    at = at.parent_path() / next;
  }
  const fs::path real = fs::canonical(at, error);
  return error ? at.string() : real.string();
}

}  // namespace sampleproc::files

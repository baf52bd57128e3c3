#include "files/identity.h"

#include <sys/stat.h>

namespace sampleproc::files {
namespace {

std::optional<Identity> Of(const struct stat& status) {
  if (S_ISBLK(status.st_mode)) return Identity{status.st_rdev, 0};
  if (!S_ISREG(status.st_mode)) return std::nullopt;
  return Identity{status.st_dev, status.st_ino};
}

}  // namespace

std::optional<Identity> IdentityOf(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? Of(status) : std::nullopt;
}

std::optional<Identity> IdentityOf(int descriptor) {
  struct stat status{};
  return ::fstat(descriptor, &status) == 0 ? Of(status) : std::nullopt;
}

}  // namespace sampleproc::files

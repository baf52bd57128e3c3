#include "files/sole_writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/descriptor.h"

namespace sampleproc::files {
namespace {

// Whether `path` is still the file that `fd` was opened as.
bool IsStillThere(int fd, const std::string& path) {
  struct stat ours{};
  struct stat there{};
  return ::fstat(fd, &ours) == 0 && ::stat(path.c_str(), &there) == 0 &&
         ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}

}  // namespace

bool BecomeSoleWriter(int fd, const std::string& path) {
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) return errno != EWOULDBLOCK;
  return IsStillThere(fd, path);
}

bool RemoveUnused(const std::string& path) {
  // For writing, as network file systems lock only what is.
  const base::Descriptor file(
      ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY));
  struct stat status{};
  const bool is_unused = file.get() >= 0 && ::fstat(file.get(), &status) == 0 &&
                         S_ISREG(status.st_mode) && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0 &&
                         IsStillThere(file.get(), path);
  if (is_unused && ::unlink(path.c_str()) == 0) return true;
  errno = EEXIST;
  return false;
}

}  // namespace sampleproc::files

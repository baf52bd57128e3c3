#include "files/sole_writer.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

namespace sampleproc::files {

bool BecomeSoleWriter(int fd, const std::string& path) {
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) return errno != EWOULDBLOCK;
  struct stat ours{};
  struct stat there{};
  return ::fstat(fd, &ours) == 0 && ::stat(path.c_str(), &there) == 0 &&
         ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}

}  // namespace sampleproc::files

#include "apps/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sampleproc::apps {
namespace {

std::unexpected<base::Error> CannotWrite(const char* what) {
  return base::Fail(base::ErrorCode::kIo, std::string(what) + ": " + std::strerror(errno));
}

}  // namespace

base::Result<std::unique_ptr<Output>> Output::Open(const std::string& path,
                                                   std::uint64_t keep_bytes) {
  if (path == "-") return std::make_unique<Output>(STDOUT_FILENO, "standard output");
  const int truncate = keep_bytes == 0 ? O_TRUNC : 0;
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | truncate, 0666);
  if (fd < 0) return CannotWrite("cannot open the output file");
  auto output = std::make_unique<Output>(fd, "the output file");
  if (keep_bytes == 0) return output;
  struct stat status{};
  if (::fstat(fd, &status) != 0) return CannotWrite("cannot look at the output file");
  const auto keep = static_cast<off_t>(keep_bytes);
  if (status.st_size < keep) {
    return base::Fail(
        base::ErrorCode::kUsage,
        "the output file is shorter than its checkpoint says; remove the checkpoint to "
        "start again");
  }
  if (::ftruncate(fd, keep) != 0 || ::lseek(fd, keep, SEEK_SET) != keep) {
    return CannotWrite("cannot go on in the output file");
  }
  return output;
}

Output::~Output() {
  if (fd_ != STDOUT_FILENO) ::close(fd_);
}

base::Result<std::uint64_t> Output::Sync() const {
  const off_t place = ::lseek(fd_, 0, SEEK_CUR);
  if (place < 0 || ::fdatasync(fd_) != 0)
    return CannotWrite("cannot write the output file to disk");
  return static_cast<std::uint64_t>(place);
}

}  // namespace sampleproc::apps

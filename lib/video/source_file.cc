#include "video/source_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace sampleproc::video {
namespace {

std::unexpected<base::Error> CannotRead(const std::string& path, int error_number) {
  return std::unexpected(base::SystemError("cannot read " + path, error_number));
}

std::unexpected<base::Error> NotRegular(const std::string& path) {
  return base::Fail(base::ErrorCode::kUnsupportedFormat,
                    path + " is not a regular file; a video is read from one");
}

}  // namespace

base::Result<SourceFile> SourceFile::Open(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  struct stat status{};
  if (descriptor < 0) {
    const int error_number = errno;
    if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) return NotRegular(path);
    return CannotRead(path, error_number);
  }
  SourceFile file(descriptor, 0, path);
  if (fstat(descriptor, &status) != 0) return CannotRead(path, errno);
  if (!S_ISREG(status.st_mode)) return NotRegular(path);
  file.size_ = static_cast<std::uint64_t>(status.st_size);
  return file;
}

SourceFile::SourceFile(SourceFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_),
      path_(std::move(other.path_)) {}

SourceFile::~SourceFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

base::Result<std::size_t> SourceFile::ReadAt(std::uint64_t offset,
                                             std::span<std::uint8_t> place) const {
  if (offset >= size_) return 0;
  // What was appended after opening is no part of the video.
  if (place.size() > size_ - offset) place = place.first(static_cast<std::size_t>(size_ - offset));
  std::size_t filled = 0;
  while (filled < place.size()) {
    const ssize_t got = pread(descriptor_, place.data() + filled, place.size() - filled,
                              static_cast<off_t>(offset + filled));
    if (got == 0) break;
    if (got > 0) {
      filled += static_cast<std::size_t>(got);
    } else if (errno != EINTR) {
      return CannotRead(path_, errno);
    }
  }
  return filled;
}

base::Result<void> SourceFile::CheckUnchanged() const {
  struct stat status{};
  if (fstat(descriptor_, &status) != 0) return CannotRead(path_, errno);
  if (static_cast<std::uint64_t>(status.st_size) == size_) return {};
  return base::Fail(base::ErrorCode::kIo, path_ + " changed its size while it was read");
}

}  // namespace sampleproc::video

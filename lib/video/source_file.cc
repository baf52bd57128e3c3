#include "video/source_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace sampleproc::video {
namespace {

std::unexpected<base::Error> SystemError(const std::string& path, int error_number) {
  const bool missing = error_number == ENOENT || error_number == ENOTDIR;
  return base::Fail(missing ? base::ErrorCode::kNotFound : base::ErrorCode::kIo,
                    "cannot read " + path + ": " + std::generic_category().message(error_number));
}

std::unexpected<base::Error> NotRegular(const std::string& path) {
  return base::Fail(base::ErrorCode::kUnsupportedFormat,
                    path + " is not a regular file; a video is read from one");
}

std::uint64_t LittleEndian(base::ByteView bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) value = value << 8 | bytes[i - 1];
  return value;
}

std::uint64_t BigEndian(base::ByteView bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

// Some recorders count the 8 bytes of the chunk's own head in its length.
constexpr std::uint64_t kAviSlack = 8;

// The end of the outer chunk whose first 16 bytes are `head`; 0 when it does not say.
std::uint64_t ChunkEnd(Container container, base::ByteView head, std::uint64_t offset) {
  if (container == Container::kAvi) {
    if (base::AsText(head.first(4)) != "RIFF") return 0;
    const std::uint64_t length = LittleEndian(head.subspan(4, 4));
    return length == 0 || length == 0xFFFFFFFFu ? 0 : offset + 8 + length + (length & 1);
  }
  const std::uint64_t length = BigEndian(head.first(4));
  if (length >= 8) return offset + length;
  if (length != 1) return 0;
  const std::uint64_t large = BigEndian(head.subspan(8, 8));
  return large < 16 || large > (std::uint64_t{1} << 62) ? 0 : offset + large;
}

}  // namespace

base::Result<SourceFile> SourceFile::Open(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  struct stat status {};
  if (descriptor < 0) {
    const int error_number = errno;
    if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) return NotRegular(path);
    return SystemError(path, error_number);
  }
  SourceFile file(descriptor, 0, path);
  if (fstat(descriptor, &status) != 0) return SystemError(path, errno);
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
      return SystemError(path_, errno);
    }
  }
  return filled;
}

base::Result<void> SourceFile::CheckUnchanged() const {
  struct stat status {};
  if (fstat(descriptor_, &status) != 0) return SystemError(path_, errno);
  if (static_cast<std::uint64_t>(status.st_size) == size_) return {};
  return base::Fail(base::ErrorCode::kIo, path_ + " changed its size while it was read");
}

base::Result<bool> IsCutShort(const SourceFile& file, Container container) {
  if (container != Container::kAvi && container != Container::kMp4) return false;
  // More outer chunks than any recorder writes; a file of tiny ones would be walked for ever.
  constexpr int kMostChunks = 10'000;
  std::uint64_t offset = 0;
  for (int i = 0; i < kMostChunks && offset < file.size(); ++i) {
    std::array<std::uint8_t, 16> head{};
    const auto got = file.ReadAt(offset, head);
    if (!got) return std::unexpected(got.error());
    if (*got < head.size()) break;
    const std::uint64_t end = ChunkEnd(container, head, offset);
    if (end == 0) break;
    if (end > file.size() + (container == Container::kAvi ? kAviSlack : 0)) return true;
    offset = end;
  }
  return false;
}

}  // namespace sampleproc::video

#include "files/file_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "files/file_kind.h"

namespace sampleproc::files {
namespace {

constexpr std::size_t kFirstBlock = 256 * 1024;

// Closes what it holds.
class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  int get() const { return descriptor_; }

 private:
  const int descriptor_;
};

// read(2) that is not disturbed by signals and waits on descriptors that do not.
ssize_t ReadSome(int descriptor, std::uint8_t* place, std::size_t size) {
  for (;;) {
    const ssize_t got = read(descriptor, place, size);
    if (got >= 0) return got;
    if (errno == EAGAIN) {
      pollfd ready{descriptor, POLLIN, 0};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return -1;
    }
  }
}

std::unexpected<base::Error> TooLarge(const std::string& what, std::size_t max_bytes) {
  return base::Fail(base::ErrorCode::kTooLarge,
                    what + " bytes; at most " + std::to_string(max_bytes) + " are allowed");
}

}  // namespace

base::Result<base::ByteBuffer> ReadInput(const std::string& path, std::size_t max_bytes) {
  if (path == "-") return ReadDescriptor(STDIN_FILENO, "standard input", max_bytes);
  const auto failed = [&path](int error_number) {
    return std::unexpected(SystemError("cannot read " + path, error_number));
  };
  // Without O_NONBLOCK opening a FIFO waits for somebody to write to it.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  struct stat status{};
  // open(2) refuses sockets and such with an error that says little.
  if (file.get() < 0) {
    const int error_number = errno;
    if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
      return std::unexpected(NotRegular(path, status.st_mode));
    }
    return failed(error_number);
  }
  if (fstat(file.get(), &status) != 0) return failed(errno);
  if (!S_ISREG(status.st_mode)) return std::unexpected(NotRegular(path, status.st_mode));
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > max_bytes) return TooLarge(path + " has " + std::to_string(size), max_bytes);

  base::ByteBuffer bytes(size + 1);  // one more, to see whether it grows
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ReadSome(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0) return failed(errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  if (filled != size) {
    return base::Fail(base::ErrorCode::kIo, path + " changed its size while it was read");
  }
  bytes.resize(size);
  return bytes;
}

base::Result<base::ByteBuffer> ReadDescriptor(int descriptor, const std::string& name,
                                              std::size_t max_bytes) {
  base::ByteBuffer bytes;
  std::size_t filled = 0;
  for (;;) {
    if (filled == bytes.size()) {
      const std::size_t more = std::min(std::max(2 * filled, kFirstBlock), max_bytes + 1);
      bytes.reserve(more);
      bytes.resize(more);
    }
    const ssize_t got = ReadSome(descriptor, bytes.data() + filled, bytes.size() - filled);
    if (got < 0) return std::unexpected(SystemError("cannot read " + name, errno));
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
    if (filled > max_bytes) {
      return TooLarge(name + " has more than " + std::to_string(max_bytes), max_bytes);
    }
  }
  bytes.resize(filled);
  return bytes;
}

}  // namespace sampleproc::files

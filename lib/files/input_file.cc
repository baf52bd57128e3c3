#include "files/input_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "files/file_kind.h"
#include "files/url_input.h"

namespace sampleproc::files {
namespace {

std::unexpected<base::Error> CannotRead(const std::string& name, int error_number) {
  return std::unexpected(base::SystemError("cannot read " + ShownName(name), error_number));
}

}  // namespace

base::Result<InputFile> InputFile::Open(const std::string& path, const StopDescriptor* stop) {
  if (path == "-") return OpenAny(path, stop);
  // Without O_NONBLOCK opening a FIFO waits for somebody to write to it.
  InputFile file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY), path);
  struct stat status{};
  if (file.descriptor_ < 0) {
    const int error_number = errno;
    // open(2) refuses sockets and such with an error that says little.
    if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
      return std::unexpected(NotRegular(path, status.st_mode));
    }
    return CannotRead(path, error_number);
  }
  file.owned_ = true;
  file.stop_ = stop;
  if (fstat(file.descriptor_, &status) != 0) return CannotRead(path, errno);
  file.is_pipe_ = S_ISFIFO(status.st_mode);
  if (file.is_pipe_) return file;
  if (!S_ISREG(status.st_mode)) return std::unexpected(NotRegular(path, status.st_mode));
  file.has_size_ = true;
  file.size_ = static_cast<std::uint64_t>(status.st_size);
  return file;
}

base::Result<InputFile> InputFile::OpenAny(const std::string& path, const StopDescriptor* stop) {
  InputFile file(STDIN_FILENO, "standard input");
  if (path != "-") {
    // Without O_NONBLOCK nobody could stop the wait for a FIFO's writer.
    file.descriptor_ = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    file.name_ = path;
    if (file.descriptor_ < 0) return CannotRead(path, errno);
    file.owned_ = true;
  }
  file.stop_ = stop;
  return file;
}

InputFile::InputFile(InputFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      owned_(std::exchange(other.owned_, false)),
      name_(std::move(other.name_)),
      has_size_(other.has_size_),
      is_pipe_(other.is_pipe_),
      size_(other.size_),
      stop_(other.stop_) {}

InputFile::~InputFile() {
  if (owned_) close(descriptor_);
}

// Waits for bytes or the end of what may be long in coming.
base::Result<void> InputFile::AwaitBytes() const {
  pollfd entries[] = {{descriptor_, POLLIN, 0}, {stop_ == nullptr ? -1 : stop_->get(), POLLIN, 0}};
  while (poll(entries, 2, -1) < 0) {
  }
  if (entries[1].revents == 0) return {};
  return base::Fail(base::ErrorCode::kCancelled, "interrupted while waiting for " + name_);
}

base::Result<std::size_t> InputFile::ReadSome(std::span<std::uint8_t> place) {
  for (;;) {
    // A FIFO that nobody writes to ends at once, by Open's contract, and a regular file never
    // waits.
    if (!is_pipe_ && !has_size_) {
      if (auto ready = AwaitBytes(); !ready) return std::unexpected(ready.error());
    }
    const ssize_t got = read(descriptor_, place.data(), place.size());
    if (got == 0 && std::exchange(is_pipe_, false)) {
      return base::Fail(base::ErrorCode::kUnsupportedFormat,
                        name_ + " is a FIFO to which nobody writes");
    }
    if (got >= 0) is_pipe_ = false;
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EAGAIN) {
      if (auto ready = AwaitBytes(); !ready) return std::unexpected(ready.error());
    } else if (errno != EINTR) {
      return CannotRead(name_, errno);
    }
  }
}

base::Result<std::size_t> InputFile::Fill(std::span<std::uint8_t> place) {
  std::size_t filled = 0;
  while (filled < place.size()) {
    const auto got = ReadSome(place.subspan(filled));
    if (!got) return std::unexpected(got.error());
    if (*got == 0) break;
    filled += *got;
  }
  return filled;
}

}  // namespace sampleproc::files

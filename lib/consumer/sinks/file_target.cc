#include "consumer/sinks/file_target.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/descriptor_name.h"

namespace sampleproc::consumer {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

constexpr mode_t kMode = 0640;
constexpr const char* kNoRegularFile = " is no regular file";

// A record begins with a brace. What cannot be read is not known to be something else.
bool HoldsSomethingElse(const std::string& path) {
  const base::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  char first = '{';
  return file.get() >= 0 && ::read(file.get(), &first, 1) == 1 && first != '{' && first != '\n';
}

}  // namespace

std::unexpected<base::Error> FileTarget::Failed(int error) const {
  return Fail(ErrorCode::kIo, options_.path + ": " + std::strerror(error));
}

Result<SinkTarget::Settled> FileTarget::Deliver(std::span<const ResultRecord* const> records,
                                                const base::Allowance& /*allowance*/) {
  if (auto ready = Prepare(); !ready) return std::unexpected(std::move(ready.error()));
  std::string lines;
  std::size_t count = 0;
  for (const ResultRecord* record : records) {
    const std::uint64_t after = size_ + lines.size() + record->json.size() + 1;
    // A line that is too long by itself has a file by itself.
    if (after > options_.max_bytes && size_ + lines.size() > 0) break;
    lines += record->json;
    lines += '\n';
    ++count;
  }
  if (count == 0) {
    if (auto rotated = Rotate(); !rotated) return std::unexpected(std::move(rotated.error()));
    return Settled{};
  }
  if (auto written = Append(lines); !written) return std::unexpected(std::move(written.error()));
  return Settled{.delivered = count};
}

Result<void> FileTarget::Prepare() {
  struct stat open{};
  struct stat named{};
  const bool still_there = file_.get() >= 0 && ::fstat(file_.get(), &open) == 0 &&
                           ::stat(options_.path.c_str(), &named) == 0 &&
                           open.st_dev == named.st_dev && open.st_ino == named.st_ino;
  if (!still_there) return Open();
  size_ = static_cast<std::uint64_t>(open.st_size);  // somebody may have emptied it
  return {};
}

Result<void> FileTarget::CheckKind(const std::string& path) {
  if (base::FindDescriptorName(path)) {
    return Fail(ErrorCode::kConfig, path +
                                        " stands for an open descriptor, which cannot be renamed "
                                        "when it is full; name a file");
  }
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode)) return {};
  return Fail(ErrorCode::kConfig,
              path + (S_ISDIR(status.st_mode) ? " is a folder; name a file" : kNoRegularFile));
}

Result<void> FileTarget::Check(const std::string& path) {
  if (auto kind = CheckKind(path); !kind) return kind;
  if (!HoldsSomethingElse(path)) return {};
  return Fail(ErrorCode::kConfig,
              path +
                  " is there and holds no records, which begin with \"{\"; name a file that is for "
                  "results alone");
}

Result<void> FileTarget::Open() {
  file_.reset();
  // Not for good any more: what is there while the service runs may be gone again.
  if (const auto checked = CheckKind(options_.path); !checked) {
    return Fail(ErrorCode::kIo, checked.error().message);
  }
  // O_NONBLOCK: a FIFO must not keep us waiting for its reader before we can refuse it.
  base::Descriptor file(
      ::open(options_.path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, kMode));
  struct stat status{};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) return Failed(errno);
  if (!S_ISREG(status.st_mode)) return Fail(ErrorCode::kIo, options_.path + kNoRegularFile);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return Fail(ErrorCode::kIo, options_.path + ": another process writes to it");
    }
    return Failed(errno);
  }
  file_ = std::move(file);
  size_ = static_cast<std::uint64_t>(status.st_size);
  return EndTornLine();
}

Result<void> FileTarget::EndTornLine() {
  char last = '\n';
  if (size_ > 0 && ::pread(file_.get(), &last, 1, static_cast<off_t>(size_ - 1)) < 0) {
    return Failed(errno);
  }
  return last == '\n' ? Result<void>() : Append("\n");
}

Result<void> FileTarget::Rotate() {
  const auto numbered = [this](int number) {
    return number == 0 ? options_.path : options_.path + '.' + std::to_string(number);
  };
  for (int number = options_.keep - 1; number >= 0; --number) {
    if (std::rename(numbered(number).c_str(), numbered(number + 1).c_str()) != 0 &&
        errno != ENOENT) {
      return Failed(errno);
    }
  }
  return Open();
}

Result<void> FileTarget::Append(const std::string& lines) {
  std::size_t done = 0;
  while (done < lines.size()) {
    const ssize_t wrote = ::write(file_.get(), lines.data() + done, lines.size() - done);
    if (wrote >= 0) {
      done += static_cast<std::size_t>(wrote);
    } else if (errno != EINTR) {
      const int error = errno;
      // If that fails too, the next opening ends the line.
      if (::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) file_.reset();
      return Failed(error);
    }
  }
  size_ += lines.size();
  return {};
}

}  // namespace sampleproc::consumer

#include "base/text_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>

#include "base/descriptor.h"

namespace sampleproc::base {
namespace {

using Text = std::expected<std::string, ReadFailure>;

constexpr std::chrono::milliseconds kLook{1'000};
constexpr std::chrono::seconds kPasswordPatience{10};

std::unexpected<ReadFailure> FromErrno() {
  return std::unexpected(ReadFailure{errno, std::strerror(errno)});
}

std::unexpected<ReadFailure> Silent() {
  return std::unexpected(ReadFailure{ETIMEDOUT, "nothing comes out of the pipe"});
}

bool IsNull(const struct stat& info) {
  return S_ISCHR(info.st_mode) && info.st_rdev == makedev(1, 3);
}

bool IsRegular(const struct stat& info) { return S_ISREG(info.st_mode) || IsNull(info); }

// True when there is something to read, or the end of it; false when the patience has ended.
std::expected<bool, ReadFailure> Await(int fd, const Deadline& patience) {
  while (!patience.Expired()) {
    auto left = kLook;
    if (!patience.Never()) {
      left = std::min(
          left, std::chrono::ceil<std::chrono::milliseconds>(patience.At() - SystemClock().Now()));
    }
    pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
    const int ready =
        ::poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 1)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return FromErrno();
  }
  return false;
}

Text ReadAll(int fd, const struct stat& info, const Deadline& patience) {
  // A FIFO without a writer has its end at once, which poll(2) does not say before one has come;
  // that of others is somebody who may still write.
  const bool is_fifo = S_ISFIFO(info.st_mode) && (::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
  std::string text;
  std::string block(std::size_t{64} * 1024, '\0');
  while (true) {
    bool ready = true;
    if (!IsRegular(info)) {
      const bool is_bounded = !is_fifo || !patience.Never();
      auto awaited = Await(fd, is_bounded ? patience : Deadline(SystemClock(), kNobodyWrites));
      if (!awaited) return std::unexpected(awaited.error());
      ready = *awaited;
      // What is there now is left for whoever reads it next.
      int waiting = 0;
      if (!ready && !patience.Never() && ::ioctl(fd, FIONREAD, &waiting) == 0 && waiting > 0) {
        return Silent();
      }
      if (!ready && !is_fifo) return Silent();
    }
    const ssize_t got = ::read(fd, block.data(), block.size());
    if (got < 0 && errno == EAGAIN && !ready && !patience.Never()) return Silent();
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return FromErrno();
    if (got == 0 && !ready) {
      return std::unexpected(ReadFailure{ETIMEDOUT, "it is a FIFO to which nobody writes"});
    }
    if (got == 0) return text;
    text.append(block, 0, static_cast<std::size_t>(got));
    if (text.size() > kMaxTextFileBytes) {
      return std::unexpected(ReadFailure{EFBIG, "it is longer than 16MiB"});
    }
  }
}

Text Read(int fd, Reading reading, const Deadline& patience) {
  struct stat info{};
  if (fd < 0 || ::fstat(fd, &info) != 0) return FromErrno();
  if (S_ISDIR(info.st_mode)) return std::unexpected(ReadFailure{EISDIR, "it is a directory"});
  if (reading == Reading::kAgain && !IsRegular(info)) {
    return std::unexpected(
        ReadFailure{ESPIPE, "it is no regular file (a pipe, a device), and can be read only once"});
  }
  return ReadAll(fd, info, patience);
}

}  // namespace

Text ReadTextFile(const std::string& path, Reading reading, const Deadline& patience) {
  if (path == "-") return Read(STDIN_FILENO, reading, patience);
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  return Read(file.get(), reading, patience);
}

Text ReadOneLine(const std::string& path, Reading reading, const Deadline& patience) {
  auto text = ReadTextFile(path, reading, patience);
  if (!text) return text;
  while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
  if (text->find_first_of("\r\n") != std::string::npos) {
    return std::unexpected(
        ReadFailure{EINVAL, "it has more than one line, and the value has to be its only one"});
  }
  if (text->find('\0') != std::string::npos) {
    return std::unexpected(ReadFailure{EINVAL, "there is a NUL byte in it"});
  }
  return text;
}

Result<std::string> ReadPassword(const std::string& key, const std::string& path, Reading reading) {
  auto password = ReadOneLine(path, reading, {SystemClock(), kPasswordPatience});
  if (!password) {
    return Fail(ErrorCode::kConfig,
                key + " " + path + " cannot be read: " + password.error().message);
  }
  if (password->empty()) return Fail(ErrorCode::kConfig, key + " " + path + " is empty");
  return *std::move(password);
}

bool CanBeReread(const std::string& path) {
  struct stat info{};
  const int found = path == "-" ? ::fstat(STDIN_FILENO, &info) : ::stat(path.c_str(), &info);
  return found != 0 || IsRegular(info) || S_ISDIR(info.st_mode);
}

}  // namespace sampleproc::base

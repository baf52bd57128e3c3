#include "config/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sampleproc::config {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;  // a configuration; anything longer is a mix-up

class FileHandle {
 public:
  explicit FileHandle(int fd) : fd_(fd) {}
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;
  ~FileHandle() {
    if (fd_ > STDIN_FILENO) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

std::unexpected<ReadFailure> FromErrno() {
  return std::unexpected(ReadFailure{errno, std::strerror(errno)});
}

}  // namespace

std::expected<std::string, ReadFailure> ReadTextFile(const std::string& path) {
  const FileHandle file(path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return FromErrno();
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return FromErrno();
  if (S_ISDIR(info.st_mode)) return std::unexpected(ReadFailure{EISDIR, "it is a directory"});
  std::string text;
  std::string block(64 * 1024, '\0');
  while (true) {
    const ssize_t got = ::read(file.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FromErrno();
    if (got == 0) return text;
    text.append(block, 0, static_cast<std::size_t>(got));
    if (text.size() > kMaxFileBytes) {
      return std::unexpected(ReadFailure{EFBIG, "it is longer than 1MiB"});
    }
  }
}

}  // namespace sampleproc::config

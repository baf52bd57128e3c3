// A broken disk, for tests alone: loaded before the C library (LD_PRELOAD, ld.so(8)), it fails what
// is done to files below a folder "spool" as the file that $BROKEN_DISK names says: "sync" fails
// fsync(2) and fdatasync(2) with EIO, "full" fails write(2) with ENOSPC after half of the bytes,
// "read-only" fails open(2) for writing with EROFS, "hang" answers no pwrite(2) and no sync as long
// as it says so, "deaf" no read(2) and no write(2), and "nameless" fails open(2) of files without
// names (O_TMPFILE) with EOPNOTSUPP; it may say several of these words. Without that file nothing
// fails. Each sync adds a byte to the file of that name with ".syncs" behind it.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

int Open(const char* path, int flags) {
  return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, 0600));
}

std::string Control() {
  const char* const path = std::getenv("BROKEN_DISK");
  return path == nullptr ? "" : path;
}

bool Fails(std::string_view what) {
  const int saved = errno;
  const int control = Open(Control().c_str(), O_RDONLY | O_CLOEXEC);
  std::array<char, 32> text{};
  const long got = control < 0 ? 0 : ::syscall(SYS_read, control, text.data(), text.size());
  if (control >= 0) ::close(control);
  errno = saved;
  std::string_view words(text.data(), static_cast<std::size_t>(got < 0 ? 0 : got));
  while (!words.empty()) {
    const std::string_view word = words.substr(0, words.find(' '));
    if (word == what) return true;
    words.remove_prefix(std::min(word.size() + 1, words.size()));
  }
  return false;
}

bool IsOfSpool(int fd) {
  std::array<char, 4096> target{};
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
  const std::string_view path(target.data(), static_cast<std::size_t>(size < 0 ? 0 : size));
  return path.find("/spool/") != std::string_view::npos || path.ends_with("/spool");
}

void Hang(std::string_view what = "hang") {
  while (Fails(what)) ::usleep(10'000);
}

int Sync(long call, int fd) {
  if (IsOfSpool(fd)) {
    Hang();
    const int count = Open((Control() + ".syncs").c_str(), O_WRONLY | O_APPEND | O_CREAT);
    (void)::syscall(SYS_write, count, ".", 1);
    ::close(count);
    if (Fails("sync")) {
      errno = EIO;
      return -1;
    }
  }
  return static_cast<int>(::syscall(call, fd));
}

}  // namespace

extern "C" int fsync(int fd) { return Sync(SYS_fsync, fd); }
extern "C" int fdatasync(int fd) { return Sync(SYS_fdatasync, fd); }

extern "C" ssize_t read(int fd, void* bytes, size_t size) {
  if (IsOfSpool(fd)) Hang("deaf");
  return ::syscall(SYS_read, fd, bytes, size);
}

extern "C" ssize_t __read_chk(int fd, void* bytes, size_t size, size_t /*room*/) {
  return read(fd, bytes, size);
}

extern "C" ssize_t write(int fd, const void* bytes, size_t size) {
  if (size > 1 && IsOfSpool(fd)) Hang("deaf");
  if (size > 1 && IsOfSpool(fd) && Fails("full")) {
    struct stat file{};
    ::fstat(fd, &file);
    if (file.st_size > 0) {
      errno = ENOSPC;
      return -1;
    }
    size /= 2;
  }
  return ::syscall(SYS_write, fd, bytes, size);
}

extern "C" ssize_t pwrite(int fd, const void* bytes, size_t size, off_t place) {
  if (IsOfSpool(fd)) Hang();
  return ::syscall(SYS_pwrite64, fd, bytes, size, place);
}

extern "C" ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t place) {
  return pwrite(fd, bytes, size, place);
}

extern "C" int open(const char* path, int flags, ...) {
  va_list words;
  va_start(words, flags);
  const bool is_nameless = (flags & O_TMPFILE) == O_TMPFILE;
  const mode_t mode = (flags & O_CREAT) != 0 || is_nameless ? va_arg(words, mode_t) : 0;
  va_end(words);
  if (is_nameless && std::string_view(path).ends_with("/spool") && Fails("nameless")) {
    errno = EOPNOTSUPP;
    return -1;
  }
  const bool writes = (flags & O_ACCMODE) != O_RDONLY;
  if (writes && std::string_view(path).find("/spool/") != std::string_view::npos &&
      Fails("read-only")) {
    errno = EROFS;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

#include "history/folder_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>

namespace sampleproc::history {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

constexpr mode_t kFolderMode = 0750;

std::string Cannot(std::string_view what, std::string_view verb) {
  return std::string("a ").append(what).append(" cannot be ").append(verb);
}

timespec TimespecOf(std::int64_t nanos) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  return {.tv_sec = nanos / kSecond, .tv_nsec = nanos % kSecond};
}

}  // namespace

std::int64_t NanosOf(base::WallTime time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

std::int64_t NanosOf(const struct stat& file) {
  return std::int64_t{file.st_mtim.tv_sec} * 1'000'000'000 + file.st_mtim.tv_nsec;
}

base::WallTime TimeOf(std::int64_t nanos) {
  return base::WallTime(
      std::chrono::duration_cast<base::WallTime::duration>(std::chrono::nanoseconds(nanos)));
}

Result<base::Descriptor> OpenOwnFolder(const std::string& path) {
  if (::mkdir(path.c_str(), kFolderMode) != 0 && errno != EEXIST && errno != EROFS) {
    return base::FailWithErrno("the folder cannot be made");
  }
  base::Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) return base::FailWithErrno("the folder cannot be opened");
  if (::flock(folder.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return Fail(ErrorCode::kIo, "another process uses the folder");
    return base::FailWithErrno("the folder cannot be locked");
  }
  return folder;
}

bool HasMoved(const std::string& path, int folder) {
  struct stat named{};
  struct stat own{};
  if (::fstat(folder, &own) != 0) return true;
  if (::stat(path.c_str(), &named) != 0) return errno == ENOENT || errno == ENOTDIR;
  return named.st_dev != own.st_dev || named.st_ino != own.st_ino;
}

// Its own descriptor: a folder's place for reading belongs to it.
Result<void> ListFolder(int folder, const std::function<bool(const std::string&)>& take) {
  const int again = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const listing = again < 0 ? nullptr : ::fdopendir(again);
  if (listing == nullptr) {
    const auto failure = base::FailWithErrno("the folder cannot be read");
    if (again >= 0) ::close(again);
    return failure;
  }
  const auto close = [](DIR* open) { ::closedir(open); };
  const std::unique_ptr<DIR, decltype(close)> closing(listing, close);
  for (;;) {
    errno = 0;
    const dirent* const entry = ::readdir(listing);
    if (entry == nullptr) break;
    if (!take(entry->d_name)) return {};
  }
  if (errno != 0) return base::FailWithErrno("the folder cannot be read");
  return {};
}

base::Descriptor OpenRegular(int folder, const std::string& name, struct stat& facts) {
  base::Descriptor file(
      ::openat(folder, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.get() < 0 || ::fstat(file.get(), &facts) != 0) return base::Descriptor();
  if (S_ISREG(facts.st_mode)) return file;
  errno = EINVAL;
  return base::Descriptor();
}

Result<std::string> ReadBytes(int file, std::uint64_t at, std::size_t most, std::string_view what) {
  std::string bytes(most, '\0');
  std::size_t size = 0;
  while (size < most) {
    const ssize_t got =
        ::pread(file, bytes.data() + size, most - size, static_cast<off_t>(at + size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::FailWithErrno(Cannot(what, "read"));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  bytes.resize(size);
  return bytes;
}

Result<void> WriteBytes(int file, std::uint64_t at, std::string_view bytes, std::string_view what) {
  if (base::WriteAt(file, at, bytes)) return {};
  return base::FailWithErrno(Cannot(what, "written"));
}

bool SetTime(int file, std::int64_t nanos) {
  const timespec time = TimespecOf(nanos);
  const std::array<timespec, 2> times = {time, time};
  return ::futimens(file, times.data()) == 0;
}

Result<void> DeleteOurs(int folder, const std::string& name, const Signature& signature) {
  struct stat facts{};
  const base::Descriptor file = OpenRegular(folder, name, facts);
  if (file.get() < 0) {
    if (errno == ENOENT || errno == EINVAL || errno == ELOOP || errno == ENXIO) return {};
    return base::FailWithErrno(Cannot(signature.what, "opened to be deleted"));
  }
  const auto begin = ReadBytes(file.get(), 0, signature.bytes, signature.what);
  if (!begin) return std::unexpected(begin.error());
  if (!signature.begins(*begin)) return {};
  if (::unlinkat(folder, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  return base::FailWithErrno(Cannot(signature.what, "deleted"));
}

}  // namespace sampleproc::history

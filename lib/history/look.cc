#include "history/look.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "base/descriptor.h"
#include "history/store.h"

namespace sampleproc::history {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

// Of the file's first 100 bytes (sqlite.org/fileformat.html), numbers with the highest byte first.
constexpr std::size_t kHeaderBytes = 100;
constexpr std::string_view kMagic{"SQLite format 3\0", 16};
constexpr std::size_t kPageSizePlace = 16;  // two bytes; 1 is 65536
constexpr std::size_t kChangesPlace = 24;   // kPagesPlace is right where kValidPlace has the same
constexpr std::size_t kPagesPlace = 28;
constexpr std::size_t kVersionPlace = 60;
constexpr std::size_t kApplicationPlace = 68;
constexpr std::size_t kValidPlace = 92;

using Header = std::array<unsigned char, kHeaderBytes>;

std::uint64_t NumberAt(const Header& header, std::size_t place, std::size_t bytes = 4) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes; ++i) number = number * 256 + header[place + i];
  return number;
}

// Whoever named the file has to name another.
std::unexpected<base::Error> NotOurs(const std::string& path, const std::string& why) {
  return Fail(ErrorCode::kConfig, path + ": " + why);
}

std::unexpected<base::Error> Unusable(const std::string& path, const std::string& why) {
  return Fail(ErrorCode::kIo, path + ": " + why);
}

// In the largest unit of which there are some.
std::string SizeText(std::uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; bytes >= 10 * 1024 && unit + 1 < std::size(kUnits); ++unit) bytes /= 1024;
  return std::to_string(bytes) + kUnits[unit];
}

// In the folder.
Result<std::string> FreeText(std::filesystem::path folder) {
  if (folder.empty()) folder = ".";
  struct stat status{};
  if (::stat(folder.c_str(), &status) != 0) return Unusable(folder, std::strerror(errno));
  if (!S_ISDIR(status.st_mode)) return Unusable(folder, std::strerror(ENOTDIR));
  if (::access(folder.c_str(), W_OK | X_OK) != 0) return Unusable(folder, std::strerror(errno));
  struct statvfs disk{};
  if (::statvfs(folder.c_str(), &disk) != 0) return Unusable(folder, std::strerror(errno));
  if (disk.f_bavail == 0) return Unusable(folder, std::strerror(ENOSPC));
  return SizeText(disk.f_bavail * disk.f_frsize) + " free";
}

struct LockState {
  bool held = false;
  bool marked = false;
};

LockState LockOf(const std::string& path) {
  const base::Descriptor lock(::open((path + ".lock").c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (lock.get() < 0 || ::fstat(lock.get(), &status) != 0) return {};
  const bool held = ::flock(lock.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  return {held, status.st_size > 0};
}

std::string AsideText(const std::string& path) {
  int aside = 0;
  for (int number = 1; number <= Store::kMostAside; ++number) {
    std::error_code missing;
    if (std::filesystem::exists(path + ".damaged-" + std::to_string(number), missing)) ++aside;
  }
  if (aside == 0) return "";
  return ", " + std::to_string(aside) + " damaged ones beside it (" + path + ".damaged-1 ...)";
}

}  // namespace

Result<std::string> Look(const std::string& asked) {
  struct stat status{};
  if (::stat(asked.c_str(), &status) != 0) {
    if (errno != ENOENT) return Unusable(asked, std::strerror(errno));
    const auto free = FreeText(std::filesystem::path(asked).parent_path());
    if (!free) return std::unexpected(free.error());
    return asked + " is not there yet and can be made, " + *free + AsideText(asked);
  }
  if (S_ISDIR(status.st_mode)) return NotOurs(asked, std::strerror(EISDIR));
  if (!S_ISREG(status.st_mode)) return NotOurs(asked, "is no regular file");
  std::error_code failed;
  const std::string path = std::filesystem::canonical(asked, failed);
  if (failed) return Unusable(asked, failed.message());
  if (::access(path.c_str(), R_OK | W_OK) != 0) return Unusable(asked, std::strerror(errno));
  const auto free = FreeText(std::filesystem::path(path).parent_path());
  if (!free) return std::unexpected(free.error());

  const LockState lock = LockOf(path);
  const base::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  Header header{};
  const auto read = ::pread(file.get(), header.data(), header.size(), 0);
  if (read < 0) return Unusable(asked, std::strerror(errno));
  const auto size = static_cast<std::uint64_t>(status.st_size);
  std::string text = asked + " can be written, ";
  const auto done = [&](const std::string& what) {
    text += what + ", " + SizeText(size) + ", " + *free + AsideText(path);
    if (lock.held) text += "; another process uses it at the moment";
    return text;
  };
  if (size == 0) return done("empty");
  const std::string damaged = "damaged, the service would set it aside and begin a new one";
  const bool magic = std::memcmp(header.data(), kMagic.data(), kMagic.size()) == 0;
  if (!magic && lock.marked) return done(damaged);
  if (!magic) return NotOurs(asked, Store::kNoDatabase);
  // What a new file's header has is in its log at first, which only a process that opens it reads.
  const std::uint64_t application = NumberAt(header, kApplicationPlace);
  if (application == 0 && lock.marked) return done("with its header in its log");
  if (application != static_cast<std::uint64_t>(Store::kApplication)) {
    return NotOurs(asked, "is a database of something else");
  }
  const std::uint64_t version = NumberAt(header, kVersionPlace);
  if (version < Store::kFirstVersion || version > Store::kVersion) {
    return Unusable(asked, "was written by another version of this program (layout " +
                               std::to_string(version) + ")");
  }
  std::uint64_t page = NumberAt(header, kPageSizePlace, 2);
  if (page == 1) page = 65536;
  // A log that has not been written back may have the file's end.
  const auto log = std::filesystem::file_size(path + "-wal", failed);
  const bool knows_pages =
      (failed || log == 0) && NumberAt(header, kChangesPlace) == NumberAt(header, kValidPlace);
  if (!lock.held && knows_pages && NumberAt(header, kPagesPlace) * page > size) {
    return done(damaged);
  }
  std::string layout = "layout " + std::to_string(version);
  if (version != Store::kVersion) layout += ", which the service upgrades";
  return done(layout);
}

}  // namespace sampleproc::history

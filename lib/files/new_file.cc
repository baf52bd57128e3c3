#include "files/new_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <utility>

#include "files/sole_writer.h"

namespace sampleproc::files {
namespace {

constexpr std::string_view kNewBegin = ".sampleproc-";
constexpr std::string_view kNewEnd = ".part";
constexpr int kMostNames = 100;  // of files that other processes have
constexpr int kMostLeft = 4;     // hardly anybody kills more runs with one output at once

std::error_code WhyNot() { return {errno, std::generic_category()}; }

std::string FolderOfTarget(const std::string& target) {
  const std::string folder = std::filesystem::path(target).parent_path().string();
  return folder.empty() ? "." : folder;
}

std::string Numbered(int number) { return number == 0 ? "" : "-" + std::to_string(number); }

// What a file that is to become `target` is called while it needs a name.
std::string NewName(const std::string& target, int number) {
  std::filesystem::path path(target);
  const std::string name = path.filename().string();
  path.replace_filename(std::string(kNewBegin) + name + Numbered(number) + std::string(kNewEnd));
  return path.string();
}

std::string KeptName(const std::string& target, int number) {
  return target + "." + std::to_string(::getpid()) + Numbered(number) + std::string(kNewEnd);
}

// Tries the names that `name` makes of numbers until `take`, which says so by EEXIST, finds one
// that is free. A name whose file nobody has any more is freed, and is in `removed`.
template <typename Name, typename Take>
std::expected<std::string, std::error_code> TakeFree(const Name& name, const Take& take,
                                                     std::string* removed) {
  for (int number = 0; number < kMostNames; ++number) {
    const std::string tried = name(number);
    if (take(tried)) return tried;
    if (errno == EEXIST && removed != nullptr && RemoveUnused(tried)) {
      *removed = tried;
      if (take(tried)) return tried;
    }
    if (errno != EEXIST) return std::unexpected(WhyNot());
  }
  return std::unexpected(std::error_code(EEXIST, std::generic_category()));
}

// Gives the file `from` the name `to` unless that is taken, in one step; false, with errno.
bool RenameWhereNone(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  // A file system that does not know of that, as NFS.
  if (::link(from.c_str(), to.c_str()) == 0) {
    ::unlink(from.c_str());
    return true;
  }
  if (errno == EEXIST) return false;
  // Nor of links: an empty file takes the name first.
  const base::Descriptor taken(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  return taken.get() >= 0 && ::rename(from.c_str(), to.c_str()) == 0;
}

}  // namespace

base::Descriptor OpenNameless(const std::string& folder, unsigned mode) {
  return base::Descriptor(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, mode));
}

bool WriteOver(int from, const std::string& path) {
  const base::Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (file.get() < 0 || ::fstat(from, &status) != 0) return false;
  const off_t size = status.st_size;
  if (size > 0 && ::fallocate(file.get(), FALLOC_FL_KEEP_SIZE, 0, size) != 0 &&
      errno != EOPNOTSUPP) {
    return false;
  }
  for (off_t done = 0; done < size;) {
    const auto left = static_cast<std::size_t>(size - done);
    const ssize_t sent = ::sendfile(file.get(), from, &done, left);
    if (sent == 0) errno = EIO;
    if (sent == 0 || (sent < 0 && errno != EINTR)) return false;
  }
  return ::ftruncate(file.get(), size) == 0 && ::fdatasync(file.get()) == 0;
}

std::expected<NewFile, std::error_code> NewFile::Make(const std::string& target) {
  std::string removed;
  for (const std::string& name : NewFileNames(target)) {
    if (RemoveUnused(name)) removed = name;
  }
  base::Descriptor file = OpenNameless(FolderOfTarget(target), 0666);
  // It is given its name by way of /proc (open(2)).
  if (file.get() >= 0 && ::access("/proc/self/fd", X_OK) == 0) {
    (void)::flock(file.get(), LOCK_EX | LOCK_NB);  // for the time when it has one
    NewFile made(std::move(file), "", target);
    made.removed_ = std::move(removed);
    return made;
  }
  const auto take = [&file](const std::string& name) {
    file = base::Descriptor(::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file.get() < 0) return false;
    if (BecomeSoleWriter(file.get(), name)) return true;
    errno = EEXIST;  // another process was about to take it away
    return false;
  };
  auto name = TakeFree([&](int number) { return NewName(target, number); }, take, &removed);
  if (!name) return std::unexpected(name.error());
  NewFile made(std::move(file), std::move(*name), target);
  made.removed_ = std::move(removed);
  return made;
}

NewFile NewFile::Of(base::Descriptor file, std::string name, std::string target) {
  NewFile made(std::move(file), std::move(name), std::move(target));
  made.stays_ = true;
  return made;
}

NewFile::NewFile(NewFile&& other) noexcept
    : file_(std::move(other.file_)),
      name_(std::exchange(other.name_, {})),
      target_(std::move(other.target_)),
      removed_(std::move(other.removed_)),
      stays_(other.stays_) {}

NewFile::~NewFile() {
  if (!stays_) Drop();
}

bool NewFile::Link(const std::string& name) const {
  const std::string nameless = "/proc/self/fd/" + std::to_string(file_.get());
  return ::linkat(AT_FDCWD, nameless.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

// Only a name can take the place of another file.
bool NewFile::TakeName() {
  if (!name_.empty()) return IsStored();
  std::string removed;
  auto name = TakeFree([this](int number) { return NewName(target_, number); },
                       [this](const std::string& tried) { return Link(tried); }, &removed);
  if (!name) {
    errno = name.error().value();
    return false;
  }
  name_ = std::move(*name);
  return true;
}

// NFS tells only when a descriptor is closed that the disk is full.
bool NewFile::IsStored() const {
  const int copy = ::fcntl(file_.get(), F_DUPFD_CLOEXEC, 0);
  return copy >= 0 && ::close(copy) == 0;
}

std::error_code NewFile::Put() {
  if (name_.empty()) {
    if (Link(target_)) return {};
    if (errno != EEXIST) return WhyNot();
  }
  if (!TakeName() || ::rename(name_.c_str(), target_.c_str()) != 0) return WhyNot();
  name_.clear();
  return {};
}

std::error_code NewFile::PutWhereNone() {
  const bool is_put = name_.empty() ? Link(target_) : IsStored() && RenameWhereNone(name_, target_);
  if (!is_put) return WhyNot();
  name_.clear();
  return {};
}

std::expected<std::string, std::error_code> NewFile::Keep() {
  if (stays_ && ::access(name_.c_str(), F_OK) != 0) return std::unexpected(WhyNot());
  if (stays_) return name_;
  const auto take = [this](const std::string& tried) {  // false with errno
    if (!name_.empty()) return RenameWhereNone(name_, tried);
    if (Link(tried)) return true;
    if (errno == EEXIST) return false;
    // Where it can be given no name after all, what it holds can.
    const base::Descriptor made(
        ::open(tried.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    return made.get() >= 0 && WriteOver(file_.get(), tried);
  };
  auto name = TakeFree([this](int number) { return KeptName(target_, number); }, take, nullptr);
  if (!name) return std::unexpected(name.error());
  name_ = *name;
  stays_ = true;
  return name;
}

void NewFile::Drop() {
  if (!name_.empty()) ::unlink(std::exchange(name_, {}).c_str());
}

std::vector<std::string> NewFileNames(const std::string& target) {
  std::vector<std::string> names;
  for (int number = 0; number < kMostLeft; ++number) names.push_back(NewName(target, number));
  return names;
}

bool IsNewFileOf(const std::string& name, const std::string& target) {
  return name.ends_with(kNewEnd) &&
         (name.starts_with(target + ".") || name.starts_with(std::string(kNewBegin) + target));
}

}  // namespace sampleproc::files

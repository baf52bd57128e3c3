// The history's files: how they are found, locked, told from others, and set aside.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>

#include "history/store.h"

namespace sampleproc::history {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

constexpr mode_t kMode = 0640;  // what cameras saw is not for everybody

// In path.lock: the file beside it has been a history of this program.
constexpr std::string_view kMark = "the history of events of sampleproc\n";

std::unexpected<base::Error> Unusable(const std::string& path, const std::string& why) {
  return Fail(ErrorCode::kIo, path + ": " + why);
}

Result<base::Descriptor> Lock(const std::string& path) {
  base::Descriptor lock(
      ::open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, kMode));
  if (lock.get() < 0) return Unusable(path + ".lock", std::strerror(errno));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  return Unusable(path, errno == EWOULDBLOCK ? "another process uses it: give each its own"
                                             : std::strerror(errno));
}

// The file with the permissions that SQLite then gives its log, too.
Result<void> Make(const std::string& path) {
  const base::Descriptor file(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, kMode));
  struct stat status{};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
    return Unusable(path, std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) return Unusable(path, "is no regular file");
  return {};
}

bool IsMarked(int lock) {
  struct stat status{};
  return ::fstat(lock, &status) == 0 && status.st_size > 0;
}

// SQLite takes a file of one byte for an empty one (unixFileSize in its os_unix.c), and would write
// over it.
Result<void> CheckBegin(const std::string& path, int lock) {
  constexpr std::uintmax_t kMagicBytes = 16;
  std::error_code missing;
  const std::uintmax_t size = std::filesystem::file_size(path, missing);
  if (missing || size == 0 || size >= kMagicBytes || IsMarked(lock)) return {};
  return Unusable(path, Store::kNoDatabase);
}

// The file's one name, however it is called, so that it has one lock. It is made if it is not
// there: a link's target has no name before. As the name is absolute, SQLite takes it for nothing
// but a file's (sqlite.org/c3ref/open.html: ":memory:", "file:").
Result<std::string> OneName(const std::string& path) {
  std::error_code failed;  // what could not be made cannot be opened, which is told
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno != ENOENT) return Unusable(path, std::strerror(errno));
    if (auto made = Make(path); !made) return std::unexpected(std::move(made.error()));
  } else if (!S_ISREG(status.st_mode)) {
    return Unusable(path, S_ISDIR(status.st_mode) ? std::strerror(EISDIR) : "is no regular file");
  }
  const auto name = std::filesystem::canonical(path, failed);
  if (failed) return Unusable(path, failed.message());
  return name.string();
}

}  // namespace

Result<std::unique_ptr<Store>> Store::Open(const Options& asked, const base::Clock& clock,
                                           const std::function<void(const Aside&)>& on_aside) {
  auto name = OneName(asked.path);
  if (!name) return std::unexpected(std::move(name.error()));
  Options options = asked;
  options.path = std::move(*name);
  auto lock = Lock(options.path);
  if (!lock) return std::unexpected(std::move(lock.error()));
  for (;;) {
    if (auto there = Make(options.path); !there) return std::unexpected(std::move(there.error()));
    if (auto checked = CheckBegin(options.path, lock->get()); !checked) {
      return std::unexpected(std::move(checked.error()));
    }
    auto database = Database::Open(options.path);
    if (!database) return std::unexpected(std::move(database.error()));
    std::unique_ptr<Store> store(
        new Store(options, asked.path, clock, std::move(*lock), std::move(*database)));
    store->file_ = IdOf(options.path, std::nullopt);
    const auto ready = store->SetUp();
    if (ready) {
      store->log_ = IdOf(options.path + "-wal", std::nullopt);
      store->Mark();
      return store;
    }
    if (!store->IsDamaged() || !store->IsOurs()) return std::unexpected(ready.error());
    const auto aside = store->SetAside(ready.error().message);
    if (!aside) return std::unexpected(aside.error());
    if (on_aside) on_aside(*aside);
    lock = std::move(store->lock_);
  }
}

Store::Store(const Options& options, std::string asked_path, const base::Clock& clock,
             base::Descriptor lock, std::unique_ptr<Database> database)
    : options_(options),
      asked_path_(std::move(asked_path)),
      clock_(clock),
      lock_(std::move(lock)),
      database_(std::move(database)) {}

// SQLite leaves the log of a file that has lost its name where it is: whatever has the name next
// would be overwritten with it.
Store::~Store() {
  const std::string log = options_.path + "-wal";
  if (!file_ || IdOf(options_.path, file_) == file_) return;
  (void)database_->Run("PRAGMA wal_checkpoint(TRUNCATE)");
  if (log_ && IdOf(log, std::nullopt) == log_) ::unlink(log.c_str());
}

std::optional<Store::FileId> Store::IdOf(const std::string& path,
                                         const std::optional<FileId>& otherwise) {
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0) return FileId{status.st_dev, status.st_ino};
  return errno == ENOENT || errno == ENOTDIR ? std::nullopt : otherwise;
}

bool Store::Moved() const {
  return IdOf(asked_path_, file_) != file_ || IdOf(options_.path, file_) != file_ ||
         IdOf(options_.path + "-wal", log_) != log_;
}

std::unexpected<base::Error> Store::Unusable(const std::string& why) const {
  return history::Unusable(options_.path, why);
}

// By the application's number, at its place in the file's header (sqlite.org/fileformat.html), or
// by the mark, where the header is damaged or in the log only.
bool Store::IsOurs() const {
  if (IsMarked(lock_.get())) return true;
  const base::Descriptor file(::open(options_.path.c_str(), O_RDONLY | O_CLOEXEC));
  unsigned char number[4] = {};
  constexpr off_t kPlace = 68;
  if (::pread(file.get(), number, sizeof number, kPlace) != sizeof number) return false;
  std::int64_t application = 0;
  for (const unsigned char byte : number) application = application * 256 + byte;
  return application == kApplication;
}

// Where the disk has no room for it, the next opening has.
void Store::Mark() {
  struct stat status{};
  if (::fstat(lock_.get(), &status) != 0 || status.st_size > 0) return;
  [[maybe_unused]] const auto written = ::pwrite(lock_.get(), kMark.data(), kMark.size(), 0);
}

// The log first: a new database that has the name of the old one would be its end.
Result<Aside> Store::SetAside(const std::string& why) {
  constexpr const char* kEndings[] = {"-wal", "-shm", "-journal", ""};
  std::string name;
  for (int number = 1; name.empty(); ++number) {
    if (number > kMostAside) {
      return history::Unusable(why, "not set aside: there are " + std::to_string(kMostAside) +
                                        " such files already, " + options_.path +
                                        ".damaged-1 and so on; move them away");
    }
    const std::string tried = options_.path + ".damaged-" + std::to_string(number);
    struct stat status{};
    bool free = true;
    for (const char* ending : kEndings) {
      free = free && ::lstat((tried + ending).c_str(), &status) != 0 && errno == ENOENT;
    }
    if (free) name = tried;
  }
  database_->KeepLog();
  for (const char* ending : kEndings) {
    if (::rename((options_.path + ending).c_str(), (name + ending).c_str()) != 0 &&
        (errno != ENOENT || *ending == '\0')) {
      return history::Unusable(
          why, "cannot be set aside as " + name + ending + ": " + std::strerror(errno));
    }
  }
  file_.reset();
  return Aside{options_.path, name, why};
}

Result<void> Store::Check() {
  if (BytesOf("") >= size_ || Moved()) return {};
  corrupt_ = true;
  return Unusable("the file was cut while it was in use");
}

std::uint64_t Store::BytesOf(const std::string& ending) const {
  std::error_code missing;
  const auto size = std::filesystem::file_size(options_.path + ending, missing);
  return missing ? 0 : size;
}

std::uint64_t Store::bytes() const { return BytesOf("") + BytesOf("-wal"); }

}  // namespace sampleproc::history

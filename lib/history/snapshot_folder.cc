#include "history/snapshot_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "history/folder_files.h"

namespace sampleproc::history {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

constexpr std::size_t kMostParts = 1024;

constexpr std::size_t kMostNewest = 1024;

constexpr std::string_view kUnknown =
    "the event's picture was deleted: the service was killed before the event was in the history";
constexpr std::string_view kTooOld =
    "the event's picture was deleted: it was older than events.snapshots_max_age";
constexpr std::string_view kTooMany =
    "the event's picture was deleted to keep within events.snapshots_max_files";
constexpr std::string_view kTooMuch =
    "the event's picture was deleted to keep within events.snapshots_max_bytes";

constexpr std::string_view kWhat = "picture";
constexpr Signature kOurs{.bytes = kSnapshotSignature, .begins = BeginsAsSnapshot, .what = kWhat};

}  // namespace

SnapshotFolder::SnapshotFolder(const SnapshotOptions& options, const base::Clock& clock,
                               base::Descriptor folder)
    : options_(options),
      clock_(clock),
      folder_(std::move(folder)),
      kept_(SnapshotFileName, kOurs) {}

Result<std::unique_ptr<SnapshotFolder>> SnapshotFolder::Open(const SnapshotOptions& options,
                                                             const base::Clock& clock) {
  auto folder = OpenOwnFolder(options.path);
  if (!folder) return std::unexpected(folder.error());
  std::unique_ptr<SnapshotFolder> opened(new SnapshotFolder(options, clock, std::move(*folder)));
  if (auto looked = opened->Look(); !looked) return std::unexpected(looked.error());
  return opened;
}

Result<void> SnapshotFolder::Look() {
  // What has so many newer ones besides it goes in any case; a folder may be without an end.
  constexpr std::size_t kBeyond = 10'000;
  Result<void> deleted;
  const auto listed = ListFolder(folder_.get(), [&](const std::string& name) {
    LookAt(name);
    if (kept_.size() < static_cast<std::size_t>(options_.files) + kBeyond) return true;
    deleted = kept_.DeleteOldest(folder_.get(), kTooMany);
    return deleted.has_value();
  });
  if (!listed) return listed;
  if (!deleted) return deleted;
  // A disk that cannot be written is told when something is to be; what is there can be read.
  (void)DeleteParts();
  (void)Trim();
  return {};
}

void SnapshotFolder::LookAt(const std::string& name) {
  std::string_view whole = name;
  const bool is_part = whole.ends_with(kPartEnd);
  if (is_part) whole.remove_suffix(kPartEnd.size());
  const auto key = ReadSnapshotFileName(whole);
  if (!key) return;
  if (is_part) {
    if (parts_.size() < kMostParts) parts_.push_back(name);
    return;
  }
  struct stat file{};
  if (::fstatat(folder_.get(), name.c_str(), &file, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (!S_ISREG(file.st_mode)) return;
  // A clock that was ahead would keep it for as long, and delete newer ones in its place.
  const std::int64_t came = std::min(NanosOf(file), NanosOf(clock_.Wall()));
  kept_.Put(*key, {.came = came, .bytes = static_cast<std::uint64_t>(file.st_size)});
}

Result<void> SnapshotFolder::DeleteParts() {
  while (!parts_.empty()) {
    if (auto deleted = DeleteOurs(folder_.get(), parts_.back(), kOurs); !deleted) return deleted;
    parts_.pop_back();
  }
  return {};
}

// So many bytes in so many files more can be kept.
Result<void> SnapshotFolder::MakeRoom(std::uint64_t bytes, std::size_t files) {
  while (!kept_.empty()) {
    const bool too_many = kept_.size() + files > static_cast<std::size_t>(options_.files);
    if (!too_many && kept_.bytes() + bytes <= options_.bytes) return {};
    auto deleted = kept_.DeleteOldest(folder_.get(), too_many ? kTooMany : kTooMuch);
    if (!deleted) return deleted;
  }
  return {};
}

Result<void> SnapshotFolder::Trim() {
  const std::int64_t oldest =
      NanosOf(clock_.Wall()) - std::chrono::nanoseconds(options_.age).count();
  if (auto deleted = kept_.DeleteBefore(folder_.get(), oldest, kTooOld); !deleted) return deleted;
  return MakeRoom(0, 0);
}

Result<void> SnapshotFolder::Keep(const frame::Snapshot& snapshot, std::string_view jpeg,
                                  base::WallTime came) {
  constexpr std::string_view kJpeg = "\xFF\xD8";
  const auto key = SnapshotKeyOf(snapshot.event_id);
  if (!key || !jpeg.starts_with(kJpeg)) {
    return Fail(ErrorCode::kInvalidFrame, "what is to be kept is no picture of an event");
  }
  const KeptFiles::File* const before = kept_.Find(*key);
  const double confidence = snapshot.detection.confidence;
  if (before != nullptr && before->confidence >= confidence) return {};
  const auto head = SnapshotHead(snapshot);
  if (!head) return std::unexpected(head.error());
  const std::string_view rest = jpeg.substr(kJpeg.size());
  const std::uint64_t bytes = head->size() + rest.size();
  if (bytes > options_.bytes) {
    return Fail(ErrorCode::kTooLarge, "the picture is larger than events.snapshots_max_bytes");
  }
  if (auto deleted = DeleteParts(); !deleted) return deleted;
  if (auto room = MakeRoom(bytes, 1); !room) return room;
  const std::string name = SnapshotFileName(*key);
  if (auto written = Write(name, *head, rest, came); !written) {
    // What is left of it, where that could not be deleted either.
    if (parts_.size() < kMostParts) parts_.push_back(name + std::string(kPartEnd));
    return written;
  }
  kept_.Put(*key, {.came = NanosOf(came), .bytes = bytes, .confidence = confidence});
  return {};
}

Result<void> SnapshotFolder::Write(const std::string& name, std::string_view head,
                                   std::string_view rest, base::WallTime came) const {
  const std::string part = name + std::string(kPartEnd);
  const base::Descriptor file(::openat(folder_.get(), part.c_str(),
                                       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                                       kFileMode));
  if (file.get() < 0) return base::FailWithErrno("a picture cannot be written");
  auto written = WriteBytes(file.get(), 0, head, kWhat);
  if (written) written = WriteBytes(file.get(), head.size(), rest, kWhat);
  if (written && (!SetTime(file.get(), NanosOf(came)) ||
                  ::renameat(folder_.get(), part.c_str(), folder_.get(), name.c_str()) != 0)) {
    written = base::FailWithErrno("a picture cannot be written");
  }
  if (!written) ::unlinkat(folder_.get(), part.c_str(), 0);
  return written;
}

std::optional<SnapshotFolder::Facts> SnapshotFolder::Find(const SnapshotKey& key) const {
  const KeptFiles::File* const file = kept_.Find(key);
  if (file == nullptr) return std::nullopt;
  return Facts{.came = TimeOf(file->came), .bytes = file->bytes};
}

Result<SnapshotContent> SnapshotFolder::Read(const SnapshotKey& key, std::string_view event_id) {
  constexpr const char* kOtherHands =
      "the event's picture was removed from the folder events.snapshots by other hands";
  const KeptFiles::File* const known = kept_.Find(key);
  if (known == nullptr) return Fail(ErrorCode::kNotFound, kOtherHands);
  struct stat facts{};
  const base::Descriptor file = OpenRegular(folder_.get(), SnapshotFileName(key), facts);
  if (file.get() < 0) {
    if (errno != ENOENT) return base::FailWithErrno("the picture cannot be opened");
    kept_.Forget(key);
    return Fail(ErrorCode::kNotFound, kOtherHands);
  }
  const auto size = static_cast<std::size_t>(known->bytes);
  auto bytes = ReadBytes(file.get(), 0, size, kWhat);
  if (!bytes) return std::unexpected(bytes.error());
  auto content = ReadSnapshotFile(std::move(*bytes));
  if (!content) return Fail(ErrorCode::kNotFound, content.error().message);
  if (content->snapshot.event_id != event_id) {
    return Fail(ErrorCode::kNotFound, "there is no such event");
  }
  return content;
}

std::vector<EventFile> SnapshotFolder::Newest(std::chrono::nanoseconds last) const {
  std::vector<EventFile> newest;
  for (const SnapshotKey& key : kept_.Newest(last, kMostNewest)) {
    const KeptFiles::File& known = *kept_.Find(key);
    struct stat facts{};
    const base::Descriptor file = OpenRegular(folder_.get(), SnapshotFileName(key), facts);
    if (file.get() < 0) continue;
    auto bytes = ReadBytes(file.get(), 0, static_cast<std::size_t>(known.bytes), kWhat);
    if (!bytes) continue;
    auto content = ReadSnapshotFile(std::move(*bytes));
    if (content) newest.push_back({content->snapshot.event_id, TimeOf(known.came)});
  }
  return newest;
}

Result<void> SnapshotFolder::Delete(std::string_view event_id) {
  const auto key = SnapshotKeyOf(event_id);
  return key && kept_.Find(*key) != nullptr ? kept_.Delete(folder_.get(), *key, kUnknown)
                                            : Result<void>();
}

bool SnapshotFolder::Moved() const { return HasMoved(options_.path, folder_.get()); }

}  // namespace sampleproc::history

#include "history/clip_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "history/folder_files.h"

namespace sampleproc::history {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

constexpr std::string_view kWhat = "clip";
constexpr Signature kOurs{.bytes = kClipSignature, .begins = BeginsAsClip, .what = kWhat};
constexpr std::size_t kMostParts = 1024;

constexpr std::size_t kMostNewest = 1024;

constexpr std::string_view kUnknown =
    "the event's clip was deleted: the service was killed before the event was in the history";
constexpr std::string_view kNothingWhole =
    "the event has no clip: the service was killed before a whole picture of it was written";
constexpr std::string_view kTooOld =
    "the event's clip was deleted: it was older than events.clips_max_age";
constexpr std::string_view kTooMany =
    "the event's clip was deleted to keep within events.clips_max_files";
constexpr std::string_view kTooMuch =
    "the event's clip was deleted to keep within events.clips_max_bytes";
constexpr const char* kNoRoom = "there is no room for the clip within events.clips_max_bytes";

// Finds the pictures of a file that are whole and not after `until`. `index` has none yet.
Result<void> Walk(int file, std::uint64_t size, ClipTime until, ClipIndex& index) {
  constexpr std::string_view kJpeg = "\xFF\xD8";
  for (;;) {
    const auto bytes = ReadBytes(file, index.size(), kClusterHead + kJpeg.size(), kWhat);
    if (!bytes) return std::unexpected(bytes.error());
    const auto cluster = ReadClusterHead(*bytes);
    if (!cluster || cluster->since > until || !bytes->ends_with(kJpeg)) return {};
    if (index.size() + kClusterHead + cluster->jpeg_bytes > size) return {};
    if (index.pictures() > 0 && cluster->since <= index.last()) return {};
    index.Add(cluster->since, cluster->jpeg_bytes);
  }
}

std::string PartName(const SnapshotKey& key) { return ClipFileName(key).append(kPartEnd); }

}  // namespace

ClipFolder::ClipFolder(const ClipOptions& options, const base::Clock& clock,
                       base::Descriptor folder)
    : options_(options), clock_(clock), folder_(std::move(folder)), kept_(ClipFileName, kOurs) {}

Result<std::unique_ptr<ClipFolder>> ClipFolder::Open(const ClipOptions& options,
                                                     const base::Clock& clock) {
  auto folder = OpenOwnFolder(options.path);
  if (!folder) return std::unexpected(folder.error());
  std::unique_ptr<ClipFolder> opened(new ClipFolder(options, clock, std::move(*folder)));
  if (auto looked = opened->Look(); !looked) return std::unexpected(looked.error());
  return opened;
}

Result<void> ClipFolder::Look() {
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
  (void)TendParts();
  (void)Trim();
  return {};
}

void ClipFolder::LookAt(const std::string& name) {
  std::string_view whole = name;
  const bool is_part = whole.ends_with(kPartEnd);
  if (is_part) whole.remove_suffix(kPartEnd.size());
  const auto key = ReadClipFileName(whole);
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

void ClipFolder::Count(Growing& clip, std::uint64_t bytes) {
  growing_bytes_ += bytes - clip.counted;
  clip.counted = bytes;
}

// Ends what a process that died had begun. One with which that fails is let be until the next
// start, so that it does not stand in the way of new ones; the failure is told.
Result<void> ClipFolder::TendParts() {
  while (!parts_.empty()) {
    const std::string part = std::move(parts_.back());
    parts_.pop_back();
    if (auto mended = Mend(part); !mended) {
      mended.error().message = part + ": " + mended.error().message;
      return mended;
    }
  }
  return {};
}

// One that cannot be ended, for want of a whole picture or of room, is deleted.
Result<void> ClipFolder::Mend(const std::string& part) {
  const auto key = ReadClipFileName(part.substr(0, part.size() - kPartEnd.size()));
  if (!key || growing_.contains(*key)) return {};
  base::Descriptor file(
      ::openat(folder_.get(), part.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat facts{};
  if (file.get() < 0 || ::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
    return DeleteOurs(folder_.get(), part, kOurs);
  }
  const auto head = ReadBytes(file.get(), 0, kLongestClipHead, kWhat);
  if (!head) return std::unexpected(head.error());
  auto index = ClipIndex::Read(*head);
  if (Has(*key)) return DeleteOurs(folder_.get(), part, kOurs);
  if (!index) return GiveUp(part, *key, kNothingWhole);
  auto walked =
      Walk(file.get(), static_cast<std::uint64_t>(facts.st_size), ClipTime::max(), *index);
  if (!walked) return walked;
  const std::uint64_t whole = index->size() + index->tail_size();
  if (index->pictures() == 0) return GiveUp(part, *key, kNothingWhole);
  if (whole > options_.bytes) return GiveUp(part, *key, kTooMuch);
  if (auto room = MakeRoom(whole, 1); !room) {
    return room.error().code == ErrorCode::kTooLarge ? GiveUp(part, *key, kTooMuch) : room;
  }
  const std::int64_t came = std::min(NanosOf(facts), NanosOf(clock_.Wall()));
  if (auto closed = Close(*key, file.get(), *index, came); !closed) return closed;
  ++mended_;
  return {};
}

// It is left alone where it is none of ours.
Result<void> ClipFolder::GiveUp(const std::string& part, const SnapshotKey& key,
                                std::string_view why) {
  if (auto deleted = DeleteOurs(folder_.get(), part, kOurs); !deleted) return deleted;
  struct stat left{};
  if (::fstatat(folder_.get(), part.c_str(), &left, AT_SYMLINK_NOFOLLOW) == 0) return {};
  kept_.NoteGone(key, why);
  ++given_up_;
  return {};
}

// So many bytes in so many files more can be kept; kTooLarge when what is being written leaves no
// room.
Result<void> ClipFolder::MakeRoom(std::uint64_t bytes, std::size_t files) {
  for (;;) {
    const bool too_many = this->files() + files > static_cast<std::size_t>(options_.files);
    if (!too_many && this->bytes() + bytes <= options_.bytes) return {};
    if (kept_.empty()) return Fail(ErrorCode::kTooLarge, kNoRoom);
    auto deleted = kept_.DeleteOldest(folder_.get(), too_many ? kTooMany : kTooMuch);
    if (!deleted) return deleted;
  }
}

Result<void> ClipFolder::Trim() {
  const std::int64_t oldest =
      NanosOf(clock_.Wall()) - std::chrono::nanoseconds(options_.age).count();
  if (auto deleted = kept_.DeleteBefore(folder_.get(), oldest, kTooOld); !deleted) return deleted;
  const auto room = MakeRoom(0, 0);
  return !room && room.error().code == ErrorCode::kTooLarge ? Result<void>() : room;
}

Result<void> ClipFolder::Begin(const SnapshotKey& key, const ClipFacts& facts) {
  if (Has(key)) return Fail(ErrorCode::kInvalidFrame, "the event has a clip already");
  auto head = ClipHead(facts);
  if (!head) return std::unexpected(head.error());
  auto index = ClipIndex::Read(*head);
  if (!index) return Fail(ErrorCode::kInvalidFrame, "what is to be kept is no clip of an event");
  if (auto tended = TendParts(); !tended) return tended;
  const std::uint64_t bytes = index->size() + index->tail_size();
  if (bytes > options_.bytes) return Fail(ErrorCode::kTooLarge, kNoRoom);
  if (auto room = MakeRoom(bytes, 1); !room) return room;
  const std::string part = PartName(key);
  base::Descriptor file(::openat(folder_.get(), part.c_str(),
                                 O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (file.get() < 0) return base::FailWithErrno("a clip cannot be written");
  if (auto written = WriteBytes(file.get(), 0, *head, kWhat); !written) {
    // What is left of it, where that cannot be deleted either.
    if (::unlinkat(folder_.get(), part.c_str(), 0) != 0 && parts_.size() < kMostParts) {
      parts_.push_back(part);
    }
    return written;
  }
  Growing& clip =
      growing_
          .emplace(key,
                   Growing{.file = std::move(file), .begun = *index, .index = *index, .counted = 0})
          .first->second;
  Count(clip, bytes);
  return {};
}

Result<void> ClipFolder::Add(const SnapshotKey& key, ClipTime since, std::string_view jpeg) {
  Growing& clip = growing_.at(key);
  if (jpeg.size() > kLongestPicture) return Fail(ErrorCode::kTooLarge, kNoRoom);
  const std::uint64_t whole =
      clip.index.size() + kClusterHead + jpeg.size() + clip.index.TailSizeWith(since);
  if (auto room = MakeRoom(whole - clip.counted, 0); !room) return room;
  const std::string head = ClusterHead(since, jpeg.size());
  const std::uint64_t at = clip.index.size();
  auto written = WriteBytes(clip.file.get(), at, head, kWhat);
  if (written) written = WriteBytes(clip.file.get(), at + head.size(), jpeg, kWhat);
  if (!written) {
    // What is left of it, where it cannot be cut off either, is written over.
    [[maybe_unused]] const int cut = ::ftruncate(clip.file.get(), static_cast<off_t>(at));
    return written;
  }
  clip.index.Add(since, jpeg.size());
  Count(clip, whole);
  return {};
}

Result<bool> ClipFolder::End(const SnapshotKey& key, ClipTime until, base::WallTime came) {
  Growing& clip = growing_.at(key);
  if (clip.index.last() > until) {
    ClipIndex cut = clip.begun;
    auto walked = Walk(clip.file.get(), clip.index.size(), until, cut);
    if (!walked) return std::unexpected(walked.error());
    clip.index = std::move(cut);
  }
  if (clip.index.pictures() == 0) {
    Abandon(key);
    return false;
  }
  if (auto closed = Close(key, clip.file.get(), clip.index, NanosOf(came)); !closed) {
    return std::unexpected(closed.error());
  }
  return true;
}

// May be done again where it fails half-way. What has become a file counts as one.
Result<void> ClipFolder::Close(const SnapshotKey& key, int file, const ClipIndex& index,
                               std::int64_t came) {
  const std::string tail = index.Tail();
  const std::uint64_t size = index.size() + tail.size();
  auto written = WriteBytes(file, index.size(), tail, kWhat);
  for (const ClipIndex::Patch& patch : index.Patches()) {
    if (written) written = WriteBytes(file, patch.at, patch.bytes, kWhat);
  }
  if (!written) return written;
  const std::string part = PartName(key);
  if (::ftruncate(file, static_cast<off_t>(size)) != 0 || !SetTime(file, came) ||
      ::renameat(folder_.get(), part.c_str(), folder_.get(), ClipFileName(key).c_str()) != 0) {
    return base::FailWithErrno("a clip cannot be written");
  }
  if (const auto clip = growing_.find(key); clip != growing_.end()) {
    Count(clip->second, 0);
    growing_.erase(clip);
  }
  kept_.Put(key, {.came = came, .bytes = size});
  return {};
}

void ClipFolder::Abandon(const SnapshotKey& key) {
  const auto clip = growing_.find(key);
  if (clip == growing_.end()) return;
  Count(clip->second, 0);
  growing_.erase(clip);
  const std::string part = PartName(key);
  if (::unlinkat(folder_.get(), part.c_str(), 0) == 0 || errno == ENOENT) return;
  if (parts_.size() < kMostParts) parts_.push_back(part);
}

Result<OpenClip> ClipFolder::OpenToRead(const SnapshotKey& key, std::string_view event_id) {
  constexpr const char* kOtherHands =
      "the event's clip was removed from the folder events.clips by other hands";
  const KeptFiles::File* const known = kept_.Find(key);
  if (known == nullptr) return Fail(ErrorCode::kNotFound, kOtherHands);
  struct stat facts{};
  base::Descriptor file = OpenRegular(folder_.get(), ClipFileName(key), facts);
  if (file.get() < 0) {
    if (errno != ENOENT) return base::FailWithErrno("the clip cannot be opened");
    kept_.Forget(key);
    return Fail(ErrorCode::kNotFound, kOtherHands);
  }
  const auto head = ReadBytes(file.get(), 0, kLongestClipHead, kWhat);
  if (!head) return std::unexpected(head.error());
  const auto index = ClipIndex::Read(*head);
  if (!index || static_cast<std::uint64_t>(facts.st_size) != known->bytes) {
    return Fail(ErrorCode::kNotFound, "the clip's file is not as it was written");
  }
  if (index->event_id() != event_id) return Fail(ErrorCode::kNotFound, "there is no such event");
  return OpenClip{.file = std::move(file), .bytes = known->bytes, .came = TimeOf(known->came)};
}

std::vector<EventFile> ClipFolder::Newest(std::chrono::nanoseconds last) const {
  std::vector<EventFile> newest;
  for (const SnapshotKey& key : kept_.Newest(last, kMostNewest)) {
    struct stat facts{};
    const base::Descriptor file = OpenRegular(folder_.get(), ClipFileName(key), facts);
    if (file.get() < 0) continue;
    const auto head = ReadBytes(file.get(), 0, kLongestClipHead, kWhat);
    if (!head) continue;
    const auto index = ClipIndex::Read(*head);
    if (index) newest.push_back({index->event_id(), TimeOf(kept_.Find(key)->came)});
  }
  return newest;
}

Result<void> ClipFolder::Delete(std::string_view event_id) {
  const auto key = SnapshotKeyOf(event_id);
  return key && Has(*key) ? kept_.Delete(folder_.get(), *key, kUnknown) : Result<void>();
}

bool ClipFolder::Moved() const { return HasMoved(options_.path, folder_.get()); }

}  // namespace sampleproc::history

// Which files of ours a folder holds, by the events that they are of and by age. Internal to
// history/.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "history/folder_files.h"
#include "history/snapshot_file.h"
#include "history/snapshot_notes.h"

namespace sampleproc::history {

// Used by one thread at a time.
class KeptFiles {
 public:
  struct File {
    std::int64_t came = 0;  // nanoseconds since 1970
    std::uint64_t bytes = 0;
    double confidence = -1;  // of a picture; below 0: not known
  };

  KeptFiles(std::string (*name_of)(const SnapshotKey& key), const Signature& ours)
      : name_of_(name_of), ours_(ours) {}

  // In place of the one that is known of the event.
  void Put(const SnapshotKey& key, const File& file) {
    Forget(key);
    by_time_.emplace(file.came, key);
    files_.emplace(key, file);
    bytes_ += file.bytes;
  }

  void Forget(const SnapshotKey& key) {
    const auto file = files_.find(key);
    if (file == files_.end()) return;
    bytes_ -= file->second.bytes;
    by_time_.erase({file->second.came, key});
    files_.erase(file);
  }

  // Null when there is none; until the next change.
  const File* Find(const SnapshotKey& key) const {
    const auto file = files_.find(key);
    return file == files_.end() ? nullptr : &file->second;
  }

  // Precondition: there is one. `why` is what WhyGone says then. One that cannot be deleted counts
  // no more, so that it does not stand in the way of all that come after it; the failure is told.
  base::Result<void> DeleteOldest(int folder, std::string_view why) {
    auto deleted = Delete(folder, SnapshotKey(by_time_.begin()->second), why);
    if (deleted) ++deleted_;
    return deleted;
  }

  // The same of an event's, which is not counted as deleted.
  base::Result<void> Delete(int folder, const SnapshotKey& key, std::string_view why) {
    const std::string name = name_of_(key);
    auto deleted = DeleteOurs(folder, name, ours_);
    Forget(key);
    if (!deleted) {
      deleted.error().message = name + ": " + deleted.error().message;
      return deleted;
    }
    gone_.Note(key, why);
    return {};
  }

  // Of an event whose file never became one.
  void NoteGone(const SnapshotKey& key, std::string_view why) { gone_.Note(key, why); }

  // Those that came within `last` before the newest, newest first, so many at most.
  std::vector<SnapshotKey> Newest(std::chrono::nanoseconds last, std::size_t most) const {
    std::vector<SnapshotKey> newest;
    for (auto each = by_time_.rbegin(); each != by_time_.rend() && newest.size() < most; ++each) {
      if (each->first < by_time_.rbegin()->first - last.count()) break;
      newest.push_back(each->second);
    }
    return newest;
  }

  base::Result<void> DeleteBefore(int folder, std::int64_t came, std::string_view why) {
    while (!by_time_.empty() && by_time_.begin()->first < came) {
      if (auto deleted = DeleteOldest(folder, why); !deleted) return deleted;
    }
    return {};
  }

  bool empty() const { return files_.empty(); }
  std::size_t size() const { return files_.size(); }
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t deleted() const { return deleted_; }
  std::optional<std::string_view> WhyGone(const SnapshotKey& key) const { return gone_.Find(key); }

 private:
  std::string (*const name_of_)(const SnapshotKey& key);
  const Signature ours_;
  std::map<SnapshotKey, File> files_;
  std::set<std::pair<std::int64_t, SnapshotKey>> by_time_;  // the same
  std::uint64_t bytes_ = 0;                                 // theirs
  std::uint64_t deleted_ = 0;
  SnapshotNotes gone_;
};

}  // namespace sampleproc::history

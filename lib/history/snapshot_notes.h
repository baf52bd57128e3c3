// Why events have no picture, as far back as memory for it goes.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string_view>

#include "history/snapshot_file.h"

namespace sampleproc::history {

// Used by one thread at a time. Memory: the last kMost.
class SnapshotNotes {
 public:
  static constexpr std::size_t kMost = 4096;

  // `why` is a constant's text.
  void Note(const SnapshotKey& key, std::string_view why) {
    if (!notes_.insert_or_assign(key, why).second) return;
    order_.push_back(key);
    if (order_.size() <= kMost) return;
    notes_.erase(order_.front());
    order_.pop_front();
  }

  std::optional<std::string_view> Find(const SnapshotKey& key) const {
    const auto note = notes_.find(key);
    return note == notes_.end() ? std::nullopt : std::optional(note->second);
  }

 private:
  std::map<SnapshotKey, std::string_view> notes_;
  std::deque<SnapshotKey> order_;  // as they came
};

}  // namespace sampleproc::history

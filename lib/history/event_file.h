// Files of events that the history does not have: the last process ended before it had stored them.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace sampleproc::history {

// A file that is kept of an event.
struct EventFile {
  std::string event_id;
  base::WallTime came{};
};

// Finds those files of a folder once and deletes them. Used by one thread at a time.
class LeftFiles {
 public:
  // See Journal::FindUnknown. Empty: there is no history, and nothing is deleted.
  using Find = std::function<std::future<std::vector<std::string>>(std::vector<EventFile>)>;

  // A process stores events so soon that what came longer before its last file is stored.
  static constexpr std::chrono::seconds kLast{2};
  static constexpr std::chrono::milliseconds kBetweenLooks{100};

  explicit LeftFiles(Find find) : find_(std::move(find)) {}

  // Asks which they are when it is called first, and deletes them once that is known.
  template <typename Folder>
  base::Result<void> LookAt(Folder& folder) {
    if (std::exchange(asked_, true)) return DeleteFrom(folder);
    if (!find_) return {};
    auto files = folder.Newest(kLast);
    if (!files.empty()) unknown_ = find_(std::move(files));
    return {};
  }

  bool waits() const { return unknown_.valid(); }
  // LookAt has something to do.
  bool ready() const {
    return waits() && unknown_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }

 private:
  template <typename Folder>
  base::Result<void> DeleteFrom(Folder& folder) {
    if (!ready()) return {};
    std::vector<std::string> unknown;
    try {
      unknown = unknown_.get();
    } catch (const std::future_error&) {
      return {};  // the history is closed: nobody says what it does not know
    }
    for (const std::string& event_id : unknown) {
      if (auto deleted = folder.Delete(event_id); !deleted) return deleted;
    }
    return {};
  }

  const Find find_;
  bool asked_ = false;
  std::future<std::vector<std::string>> unknown_;
};

}  // namespace sampleproc::history

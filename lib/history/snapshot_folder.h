// The folder of the events' pictures: what is in it, and how it is kept small.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "history/event_file.h"
#include "history/kept_files.h"
#include "history/options.h"
#include "history/snapshot_file.h"

namespace sampleproc::history {

// One process uses a folder at a time, which flock(2) on the folder itself sees to. What other
// files are in it is nobody's business: only those that are called as ours and begin as ours are
// counted in, read and deleted.
//
// A picture is written beside its place and renamed (rename(2)): after the process has died in any
// way a file is whole or not there. After the machine has died the last few may be damaged.
//
// The files have as their time when their picture came (WallTime), by which they are old. Before
// one is written, the oldest go until it fits beside all others within SnapshotOptions::bytes and
// files, the file that it takes the place of included: at no time there is more.
//
// Used by one thread at a time. What fails is kIo unless it says otherwise, without the folder's
// path. Memory: kBytesEach for each file.
class SnapshotFolder {
 public:
  static constexpr std::size_t kBytesEach = 192;

  // Opens the folder or makes it, and looks what is in it. Files that were not written to their end
  // are deleted. Fails also when another process uses it.
  static base::Result<std::unique_ptr<SnapshotFolder>> Open(const SnapshotOptions& options,
                                                            const base::Clock& clock);
  SnapshotFolder(const SnapshotFolder&) = delete;
  SnapshotFolder& operator=(const SnapshotFolder&) = delete;

  // Keeps a picture in the place of the one that its event has, unless that is as sure; one from
  // before the folder was opened is not known to be. Fails with kTooLarge when it can never be
  // kept, kInvalidFrame when it is no JPEG or of no event.
  base::Result<void> Keep(const frame::Snapshot& snapshot, std::string_view jpeg,
                          base::WallTime came);

  // Deletes what is too old or too much.
  base::Result<void> Trim();

  // The files that came within `last` before the newest one; many thousands are not all told.
  std::vector<EventFile> Newest(std::chrono::nanoseconds last) const;
  // Deletes an event's file, of which the history knows nothing.
  base::Result<void> Delete(std::string_view event_id);

  struct Facts {
    base::WallTime came{};
    std::uint64_t bytes = 0;  // of the file
  };
  std::optional<Facts> Find(const SnapshotKey& key) const;

  // Of an event that Find has. kNotFound when it has gone by other hands, or is another event's.
  base::Result<SnapshotContent> Read(const SnapshotKey& key, std::string_view event_id);

  // Why it has none, if that is known: a sentence.
  std::optional<std::string_view> WhyGone(const SnapshotKey& key) const {
    return kept_.WhyGone(key);
  }

  // Whether its path names another folder by now, or none.
  bool Moved() const;

  std::uint64_t bytes() const { return kept_.bytes(); }
  std::size_t files() const { return kept_.size(); }
  std::uint64_t deleted() const { return kept_.deleted(); }  // since it was opened

 private:
  SnapshotFolder(const SnapshotOptions& options, const base::Clock& clock, base::Descriptor folder);

  base::Result<void> Look();
  void LookAt(const std::string& name);
  base::Result<void> DeleteParts();
  base::Result<void> MakeRoom(std::uint64_t bytes, std::size_t files);
  base::Result<void> Write(const std::string& name, std::string_view head, std::string_view rest,
                           base::WallTime came) const;

  const SnapshotOptions options_;
  const base::Clock& clock_;
  const base::Descriptor folder_;
  KeptFiles kept_;
  std::vector<std::string> parts_;  // names of what was not written to its end, to be deleted
};

}  // namespace sampleproc::history

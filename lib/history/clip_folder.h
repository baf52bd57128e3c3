// The folder of the events' clips: what is in it, what is being written, and how it is kept small.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "history/clip_layout.h"
#include "history/event_file.h"
#include "history/kept_files.h"
#include "history/options.h"

namespace sampleproc::history {

// A clip's file, open to be read; it can be so to its end when it is deleted meanwhile.
struct OpenClip {
  base::Descriptor file;
  std::uint64_t bytes = 0;
  base::WallTime came{};
};

// One process uses a folder at a time, and nothing but files of ours is touched, as in
// SnapshotFolder.
//
// A clip is written beside its place, picture by picture, and renamed once it is whole: after the
// process has died in any way a file is whole or not there. What was written of those that were not
// ended is ended when the folder is opened, as far as it goes. After the machine has died the last
// few may be damaged.
//
// Before anything is written, the oldest files go until it fits beside all others within
// ClipOptions::bytes and files: at no time there is more. What is being written is counted with
// what will be written behind it in the end, and does not go.
//
// Used by one thread at a time. What fails is kIo unless it says otherwise, without the folder's
// path; after it the clip is as before, and the same may be tried again. Memory: kBytesEach for
// each file, and for each second of a clip that is being written some 20 bytes.
class ClipFolder {
 public:
  static constexpr std::size_t kBytesEach = 192;

  static base::Result<std::unique_ptr<ClipFolder>> Open(const ClipOptions& options,
                                                        const base::Clock& clock);
  ClipFolder(const ClipFolder&) = delete;
  ClipFolder& operator=(const ClipFolder&) = delete;

  // Begins a clip, which the key is of. Precondition: it has none that is being written. kTooLarge
  // when there is no room for it, kInvalidFrame when the event has one already or is none.
  base::Result<void> Begin(const SnapshotKey& key, const ClipFacts& facts);

  // A picture more, later than the last one: since ClipFacts::begin. kTooLarge when there is no
  // room for it: what is there may be ended.
  base::Result<void> Add(const SnapshotKey& key, ClipTime since, std::string_view jpeg);

  // The clip is whole, without pictures after `until`. One without pictures is given up; false
  // then.
  base::Result<bool> End(const SnapshotKey& key, ClipTime until, base::WallTime came);

  // Gives up what is being written.
  void Abandon(const SnapshotKey& key);

  // Deletes what is too old or too much.
  base::Result<void> Trim();

  // The files that came within `last` before the newest one; many thousands are not all told.
  std::vector<EventFile> Newest(std::chrono::nanoseconds last) const;
  // Deletes an event's file, of which the history knows nothing.
  base::Result<void> Delete(std::string_view event_id);

  bool Has(const SnapshotKey& key) const { return kept_.Find(key) != nullptr; }

  // Of an event that Has. kNotFound when it has gone by other hands, or is another event's.
  base::Result<OpenClip> OpenToRead(const SnapshotKey& key, std::string_view event_id);

  // Why it has none, if that is known: a sentence.
  std::optional<std::string_view> WhyGone(const SnapshotKey& key) const {
    return kept_.WhyGone(key);
  }

  bool Moved() const;

  std::uint64_t bytes() const { return kept_.bytes() + growing_bytes_; }
  std::size_t files() const { return kept_.size() + growing_.size(); }
  std::uint64_t deleted() const { return kept_.deleted(); }  // since it was opened
  std::uint64_t mended() const { return mended_; }           // ended when it was opened
  // Given up then, without a whole picture or for want of room.
  std::uint64_t given_up() const { return given_up_; }

 private:
  struct Growing {
    base::Descriptor file;
    ClipIndex begun;  // without a picture
    ClipIndex index;
    std::uint64_t counted = 0;  // in growing_bytes_
  };

  ClipFolder(const ClipOptions& options, const base::Clock& clock, base::Descriptor folder);

  base::Result<void> Look();
  void LookAt(const std::string& name);
  base::Result<void> TendParts();
  base::Result<void> Mend(const std::string& part);
  base::Result<void> GiveUp(const std::string& part, const SnapshotKey& key, std::string_view why);
  base::Result<void> Close(const SnapshotKey& key, int file, const ClipIndex& index,
                           std::int64_t came);
  base::Result<void> MakeRoom(std::uint64_t bytes, std::size_t files);
  void Count(Growing& clip, std::uint64_t bytes);

  const ClipOptions options_;
  const base::Clock& clock_;
  const base::Descriptor folder_;
  KeptFiles kept_;
  std::map<SnapshotKey, Growing> growing_;
  std::vector<std::string> parts_;  // names of what was not written to its end
  std::uint64_t growing_bytes_ = 0;
  std::uint64_t mended_ = 0;
  std::uint64_t given_up_ = 0;
};

}  // namespace sampleproc::history

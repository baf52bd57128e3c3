// The pictures of events: takes them as they come, keeps them in a folder, and gives them to who
// asks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/mutex.h"
#include "frame/snapshot.h"
#include "history/event_file.h"
#include "history/options.h"
#include "history/snapshot_folder.h"
#include "history/snapshot_notes.h"
#include "resilience/backoff.h"
#include "resources/memory_budget.h"
#include "telemetry/conditions.h"

namespace sampleproc::history {

// One frame's picture, which may be that of several events.
struct SnapshotPicture {
  std::string camera_id;
  std::string jpeg;
  resources::Reservation memory;  // of the JPEG
};
using SnapshotPicturePtr = std::shared_ptr<const SnapshotPicture>;

// What of it all must outlive the pictures' keeper.
struct SnapshotsContext {
  const base::Clock& clock;
  resources::MemoryBudget& budget;
  telemetry::Conditions& conditions;
  resilience::Backoff backoff;
  // Takes each picture as it comes, before it is kept; in any thread, and must not throw. May be
  // empty.
  std::function<void(const frame::Snapshot&, const SnapshotPicturePtr&)> on_taken = {};
  // Finds files of the last process that the history knows nothing of; they are deleted.
  LeftFiles::Find find_unknown = {};
};

// Since the start, of pictures.
struct SnapshotCounts {
  std::uint64_t kept = 0;
  std::uint64_t dropped = 0;  // could not be made, found no room in memory, or were too large
  std::uint64_t deleted = 0;  // to keep within the bounds
  std::size_t waiting = 0;    // to be kept
  std::size_t files = 0;
  std::uint64_t bytes = 0;  // of the files
};

// An event's picture as it is answered.
struct KeptSnapshot {
  SnapshotFolder::Facts facts;
  SnapshotContent content;        // empty when it was not wanted
  resources::Reservation memory;  // of the JPEG
};

// Thread-safe. Pictures wait in memory, up to a bound, for a thread of this object's own, which
// writes them; nobody else waits for the disk. While they cannot be written, the condition
// `snapshots` lasts, and what is beyond the bound is dropped, which is the condition, too; so it is
// when the disk does not answer for kPatience.
//
// What Get has answered is in the folder, or waits for it and may be lost with the process.
class Snapshots {
 public:
  static constexpr std::size_t kMostWaiting = 128;
  static constexpr std::size_t kMostWaitingBytes = std::size_t{32} * 1024 * 1024;
  static constexpr std::size_t kMostQuestions = 32;
  static constexpr std::chrono::seconds kPatience{10};

  // Asked, on the object's thread, whether the picture itself is wanted.
  using IsWanted = std::function<bool(const SnapshotFolder::Facts&)>;
  // Runs on the object's thread, which keeps nothing meanwhile, or at once.
  using OnSnapshot = std::move_only_function<void(base::Result<KeptSnapshot>)>;

  // Memory that it takes of the budget beside the pictures.
  static std::size_t MemoryFor(const SnapshotOptions& options);

  // Precondition: the options have a path.
  Snapshots(const SnapshotOptions& options, SnapshotsContext context,
            resources::Reservation room = {});
  ~Snapshots();
  Snapshots(const Snapshots&) = delete;
  Snapshots& operator=(const Snapshots&) = delete;

  // Never waits and never fails: what there is no room for is dropped and counted. A picture that
  // waits makes room for a surer one of its event.
  void Take(frame::Snapshot snapshot, SnapshotPicturePtr picture) noexcept;

  // No picture could be made of the frame that was chosen for the event.
  void Miss(const frame::Snapshot& snapshot) noexcept;

  // The event's picture as it is now. kNotFound, whose message says why, when there is none;
  // kUnavailable when the folder cannot be read, kOverloaded when there is no memory or
  // kMostQuestions wait, kShuttingDown, or as the allowance ends.
  void Get(std::string event_id, const base::Allowance& allowance, IsWanted is_wanted,
           OnSnapshot answer);

  // Tells of its state. Call it every second or so; never waits for the disk.
  void LookAfter();

  // Keeps what waits, as far as it gets until `end` and without failing; afterwards nothing is
  // taken any more. Returns how many pictures are lost.
  std::size_t Finish(const base::Deadline& end);

  // After Finish: whether its thread ends until `end`, which a disk that hangs keeps it from. If
  // not, nor does the destructor.
  bool AwaitEnd(const base::Deadline& end);

  SnapshotCounts counts() const;

 private:
  struct Held {
    frame::Snapshot snapshot;
    SnapshotPicturePtr picture;
    base::WallTime came{};
  };
  using HeldPtr = std::shared_ptr<const Held>;
  struct Question {
    std::string event_id;
    base::Allowance allowance;
    IsWanted is_wanted;
    OnSnapshot answer;
  };

  void Run() noexcept;
  bool AwaitWork();
  bool WorkWaits() const REQUIRES(mutex_);
  base::Deadline NextLook() const REQUIRES(mutex_);
  void OpenFolder();
  void DeleteUnknown();
  void KeepSome();
  void AnswerSome();
  void TrimSometimes();
  base::Result<KeptSnapshot> AnswerTo(const Question& question);
  base::Result<KeptSnapshot> NoSnapshot(const SnapshotKey& key);
  HeldPtr WaitingOf(const std::string& event_id);
  void Drop(const frame::Snapshot& snapshot, std::string_view why) REQUIRES(mutex_);
  void Leave(const HeldPtr& held) REQUIRES(mutex_);
  void Failed(const base::Error& error);
  void Worked();

  const SnapshotOptions options_;
  const SnapshotsContext context_;
  const resources::Reservation room_;

  // The thread's own.
  std::unique_ptr<SnapshotFolder> folder_;  // nullptr: cannot be opened
  std::uint64_t deleted_before_ = 0;        // by folders that were opened before
  int failures_ = 0;                        // in a row
  base::MonoTime next_trim_{};
  LeftFiles left_files_;

  // LookAfter's caller's own.
  std::uint64_t told_dropped_ = 0;  // that are told of no longer
  std::uint64_t seen_dropped_ = 0;
  base::MonoTime dropped_at_{};  // when that has changed last

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<HeldPtr> waiting_ GUARDED_BY(mutex_);
  std::size_t waiting_bytes_ GUARDED_BY(mutex_) = 0;
  std::deque<Question> questions_ GUARDED_BY(mutex_);
  SnapshotNotes dropped_ GUARDED_BY(mutex_);
  SnapshotCounts counts_ GUARDED_BY(mutex_);
  std::string failure_ GUARDED_BY(mutex_);        // why nothing can be kept; "" when it can
  base::MonoTime retry_at_ GUARDED_BY(mutex_){};  // while that lasts
  std::optional<base::MonoTime> busy_since_ GUARDED_BY(mutex_);  // with the disk
  bool finishing_ GUARDED_BY(mutex_) = false;
  bool given_up_ GUARDED_BY(mutex_) = false;  // while finishing: what waits cannot be kept
  bool closing_ GUARDED_BY(mutex_) = false;
  bool ended_ GUARDED_BY(mutex_) = false;  // the thread

  std::jthread thread_;
};

}  // namespace sampleproc::history

// The clips of events: holds what cameras send, makes files of it for what happens, and gives them
// to who asks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mutex.h"
#include "frame/event.h"
#include "history/clip_folder.h"
#include "history/clip_ring.h"
#include "history/event_file.h"
#include "history/options.h"
#include "history/snapshot_notes.h"
#include "resilience/backoff.h"
#include "resources/memory_budget.h"
#include "telemetry/conditions.h"

namespace sampleproc::history {

// What of it all must outlive the clips' keeper.
struct ClipsContext {
  const base::Clock& clock;
  telemetry::Conditions& conditions;
  resilience::Backoff backoff;
  // Whether the camera is configured; called by whoever tells of events. Empty: all are.
  std::function<bool(const std::string& camera_id)> is_configured = {};
  // Finds files of the last process that the history knows nothing of; they are deleted.
  LeftFiles::Find find_unknown = {};
  // Is told what has become of clips that the last process had begun. Null: nobody is.
  base::Logger* log = nullptr;
};

// Since the start.
struct ClipCounts {
  std::uint64_t kept = 0;     // clips
  std::uint64_t dropped = 0;  // clips of which there is nothing
  std::uint64_t deleted = 0;  // clips, to keep within the bounds
  std::uint64_t pictures_written = 0;
  std::uint64_t pictures_dropped = 0;  // that are missing in clips, or found no room in memory
  std::uint64_t pictures_late = 0;     // that came when later ones had been written
  std::size_t open = 0;                // clips that are not whole yet
  std::size_t files = 0;
  std::uint64_t bytes = 0;  // of the files
  std::size_t memory = 0;   // bytes of the pictures that are held
};

// In any thread, one at a time.
using OpenClipPtr = std::shared_ptr<const OpenClip>;

// Thread-safe. A clip has the pictures of its event's camera from ClipOptions::before before its
// start on, as far as they are held (ClipRing), to ClipOptions::after after its end; no more than
// `longest` of it. It is written while it lasts, by a thread of this object's own; nobody else
// waits for the disk. A picture waits for kSettled, for others that are to stand before it. While
// nothing can be written, the condition `clips` lasts, and pictures wait as far as `memory` goes;
// what is beyond that is missing in the clips, which is the condition, too; so it is when the disk
// does not answer for kPatience.
class Clips {
 public:
  static constexpr std::size_t kMostOpen = 64;
  static constexpr std::size_t kMostOpenOfCamera = 16;
  static constexpr std::size_t kMostQuestions = 64;
  static constexpr std::chrono::milliseconds kSettled{500};
  // A camera that sends nothing any more is waited for so much longer than its clip may last.
  static constexpr std::chrono::seconds kGrace{2};
  static constexpr std::chrono::seconds kPatience{10};

  // Runs on the object's thread, which writes nothing meanwhile, or at once.
  using OnClip = std::move_only_function<void(base::Result<OpenClipPtr>)>;
  using OnBytes = std::move_only_function<void(base::Result<std::string>)>;

  // Memory that it takes of the budget, the pictures' included.
  static std::size_t MemoryFor(const ClipOptions& options);

  // Precondition: the options have a path.
  Clips(const ClipOptions& options, ClipsContext context, resources::Reservation room = {});
  ~Clips();
  Clips(const Clips&) = delete;
  Clips& operator=(const Clips&) = delete;

  // A picture of a camera, which is copied. Never waits and never fails: one for which there is no
  // room is counted.
  void Add(const ClipInput& input) noexcept;

  // As ClipRing::WantsMade.
  bool WantsMade(const std::string& camera_id, std::optional<ClipTime> taken) noexcept;

  // No picture could be made of a frame that has none.
  void Miss() noexcept;

  // What is told of an event. Never waits and never fails: an event for which there is no room has
  // no clip.
  void Tell(const frame::Event& event) noexcept;

  // The event's clip. kNotFound, whose message says why, when there is none or it is not whole yet;
  // kUnavailable when the folder cannot be read, kOverloaded when kMostQuestions wait,
  // kShuttingDown, or as the allowance ends.
  void Get(std::string event_id, const base::Allowance& allowance, OnClip answer);

  // A part of it, which is in the file. Fails likewise.
  void Read(OpenClipPtr clip, std::uint64_t at, std::size_t bytes, OnBytes answer);

  // Tells of its state, and lets go what is held too long. Call it every second or so; never waits
  // for the disk.
  void LookAfter();

  // Ends all clips, as far as it gets until `end` and without failing; afterwards nothing is taken
  // any more. Returns how many are not whole: what was written of them is ended at the next start.
  std::size_t Finish(const base::Deadline& end);

  // After Finish: whether its thread ends until `end`, which a disk that hangs keeps it from. If
  // not, nor does the destructor.
  bool AwaitEnd(const base::Deadline& end);

  ClipCounts counts() const;

 private:
  struct Clip {
    SnapshotKey key;
    std::string event_id;
    std::string camera_id;
    bool is_configured = true;           // the camera
    std::deque<ClipPicturePtr> waiting;  // to be written, by their time
    std::optional<ClipTime> begin{};     // the first picture that was taken for writing
    std::optional<ClipTime> last{};      // likewise, the last
    std::optional<ClipTime> until{};     // nothing later is in it, once that is known
    base::MonoTime close_at = base::MonoTime::max();
    bool takes = true;  // pictures that come
    // The thread's own.
    bool in_folder = false;
    ClipTime since{};  // of the last picture that was written
  };
  using ClipPtr = std::shared_ptr<Clip>;
  struct Question {
    base::Allowance allowance;
    std::move_only_function<void(const base::Error*)> answer;  // null: may be answered
  };
  // What is to be done to a clip: a picture is written, or, with none, it is ended.
  struct Job {
    ClipPtr clip;
    ClipPicturePtr picture;
  };

  void Hand(Clip& clip, const ClipPicturePtr& picture) REQUIRES(mutex_);
  bool CanBegin(const std::string& camera_id, bool is_configured) const REQUIRES(mutex_);
  void Begin(const frame::Event& event, const SnapshotKey& key) REQUIRES(mutex_);
  void End(const frame::Event& event, Clip& clip) REQUIRES(mutex_);
  void Ask(Question question);

  void Run() noexcept;
  bool AwaitWork();
  bool WorkWaits() const REQUIRES(mutex_);
  base::MonoTime DueAt(const Clip& clip) const REQUIRES(mutex_);
  base::Deadline NextLook() const REQUIRES(mutex_);
  void OpenFolder();
  void TellLeft();
  void DeleteUnknown();
  void WriteSome();
  std::optional<Job> NextJob();
  base::Result<void> Do(const Job& job);
  base::Result<void> Write(Clip& clip, const ClipPicture& picture);
  base::Result<void> Close(Clip& clip);
  void Drop(Clip& clip, std::string_view why);
  void Leave(const Clip& clip) REQUIRES(mutex_);
  void AnswerSome();
  void TrimSometimes();
  base::Result<OpenClipPtr> AnswerTo(const std::string& event_id);
  base::Result<OpenClipPtr> NoClip(const SnapshotKey& key);
  static base::Result<std::string> ReadClip(const OpenClip& clip, std::uint64_t at,
                                            std::size_t bytes);
  void Failed(const base::Error& error);
  void Worked();

  const ClipOptions options_;
  const ClipsContext context_;
  const resources::Reservation room_;
  resources::MemoryBudget memory_;  // of the pictures, which is in room_

  // The thread's own.
  std::unique_ptr<ClipFolder> folder_;  // nullptr: cannot be opened
  std::uint64_t deleted_before_ = 0;    // by folders that were opened before
  int failures_ = 0;                    // in a row
  SnapshotKey last_;                    // of the last job
  base::MonoTime next_trim_{};
  LeftFiles left_files_;

  // LookAfter's caller's own.
  std::uint64_t told_dropped_ = 0;  // that are told of no longer
  std::uint64_t told_crowded_ = 0;  // likewise, of crowded_
  std::uint64_t seen_dropped_ = 0;
  base::MonoTime dropped_at_{};  // when that has changed last

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  ClipRing ring_ GUARDED_BY(mutex_);
  std::map<SnapshotKey, ClipPtr> clips_ GUARDED_BY(mutex_);  // that are not whole
  std::deque<Question> questions_ GUARDED_BY(mutex_);
  SnapshotNotes dropped_ GUARDED_BY(mutex_);
  ClipCounts counts_ GUARDED_BY(mutex_);
  std::uint64_t crowded_ GUARDED_BY(mutex_) = 0;  // of counts_.dropped: too many at once
  std::string failure_ GUARDED_BY(mutex_);        // why nothing can be written; "" when it can
  base::MonoTime retry_at_ GUARDED_BY(mutex_){};  // while that lasts
  std::optional<base::MonoTime> busy_since_ GUARDED_BY(mutex_);  // with the disk
  bool finishing_ GUARDED_BY(mutex_) = false;
  bool given_up_ GUARDED_BY(mutex_) = false;  // while finishing: what waits cannot be written
  bool closing_ GUARDED_BY(mutex_) = false;
  bool ended_ GUARDED_BY(mutex_) = false;  // the thread

  std::jthread thread_;
};

}  // namespace sampleproc::history

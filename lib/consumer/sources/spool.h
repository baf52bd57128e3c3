// What a frame buffer has handed out, on disk until it is done.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/mutex.h"
#include "consumer/sources/spool_log.h"

namespace sampleproc::consumer {

// A folder with a file for each answer:
//
//   lock              held (flock(2)) by the one process that uses the folder
//   NUMBER.json       an answer with its frames, as it came; cut off when the process ended while
//                     it was written
//   NUMBER.log        lines about them: how often they were tried, which are done (spool_log.h)
//   NUMBER.log.new    the same in fewer lines, until it takes the log's name; of no use after that
//   NUMBER.json.torn  an answer that holds no frames as it is, set aside with its NUMBER.log.torn;
//                     without the last ending it is taken again by the next start
//   NUMBER.json.unusable  what an upstream has sent in place of frames (a page of a proxy, an
//   error),
//                     as evidence: the newest kMostUnusable within an eighth of most_bytes
//
// An answer is on disk when Write returns, whatever becomes of the process or the machine: one sync
// of the file, one of the folder. The lines survive the process; a power failure may take the last
// of them, and then a frame that was done is done again. A log that is longer than kShortLog and
// several times as long as it need be is written anew beside the old one, whose name it then takes:
// whenever the process ends, the one or the other is there whole.
//
// No file is deleted but those of answers whose every frame is done, and evidence. One that cannot
// be read stays and is tried again (Retry). Thread-safe.
class Spool {
 public:
  static constexpr std::size_t kMostUnusable = 4;
  static constexpr std::uint64_t kShortLog = 4096;

  struct Place {
    std::uint64_t answer = 0;
    std::size_t frame = 0;  // its index in the answer
  };

  // An answer that an earlier process did not finish.
  struct Left {
    std::uint64_t answer = 0;
    std::string text;
    SpoolNotes notes;
  };

  // An answer whose frames nobody has yet, because it was just written or taken. It is put back
  // when this ends, be it by an exception, unless Passed was called: its frames have an owner then,
  // or nothing is to be done of it any more.
  class Ownerless {
   public:
    Ownerless(Spool& spool, std::uint64_t answer) : spool_(&spool), answer_(answer) {}
    Ownerless(Ownerless&& other) noexcept
        : spool_(std::exchange(other.spool_, nullptr)), answer_(other.answer_) {}
    Ownerless& operator=(Ownerless&&) = delete;
    ~Ownerless() {
      if (spool_ != nullptr) spool_->PutBack(answer_);
    }

    std::uint64_t answer() const { return answer_; }
    void Passed() { spool_ = nullptr; }

   private:
    Spool* spool_;  // null: passed on
    const std::uint64_t answer_;
  };

  struct Written {
    std::uint64_t answer = 0;
    base::Result<void> synced;  // when not, a power failure may take it; it survives the process
  };

  // What is wrong with files, each kind by its first path and reason; "" when nothing is.
  struct Troubles {
    std::string unread;     // cannot be read
    std::string unremoved;  // done, and cannot be deleted
    std::string unnoted;    // the last line could not be written
    std::string torn;       // set aside
  };

  // Makes the folder when it is missing. Holds `most_bytes`, and the answer that goes beyond. Fails
  // with kConfig: the folder cannot be used, or another process uses it.
  static base::Result<std::unique_ptr<Spool>> Open(const std::string& folder,
                                                   std::uint64_t most_bytes);

  bool Full() const { return bytes() >= most_bytes_; }
  // Of all files with answers and their logs, and of answers that were set aside; without evidence.
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t most_bytes() const { return most_bytes_; }

  // Where an answer is written down.
  std::string PathOf(std::uint64_t answer) const { return PathOf(answer, ".json"); }

  // Fails with kIo, the path and the system's reason. What could not be written whole is deleted:
  // its frames are still in hand.
  base::Result<Written> Write(std::string_view answer);
  // An answer has so many frames; it is removed when all of them are done.
  void Expect(std::uint64_t answer, std::size_t frames);
  void Trying(const Place& place);
  void NotTried(const Place& place);
  void Done(const Place& place);

  // The oldest that was left and can be read; each once.
  std::optional<Left> TakeLeft();
  // Whether there still is something to do of an answer.
  bool Holds(std::uint64_t answer) const {
    const base::MutexLock lock(mutex_);
    return answers_.contains(answer);
  }
  // An answer that was taken or written is left again. Takes no memory: there may be none, and who
  // has nothing of it would leave it to the next start. Nothing is done about one that has gone.
  void PutBack(std::uint64_t answer) noexcept;
  // An answer that holds no frames gets its telling name. When that fails it is left for Retry;
  // when it throws nothing has changed.
  void SetAside(std::uint64_t answer);
  // An answer that was just written is none of a frame buffer: keeps it as evidence, cut off where
  // the share ends. Returns where it is; "" when it cannot be kept. When it throws it may be kept
  // all the same, and then is no answer any more.
  std::string KeepUnusable(std::uint64_t answer);

  // Tries again what failed: to read, to delete, to write a line; looks whether torn files are
  // still there. Every few seconds.
  void Retry();
  // Whether a file of so many bytes can be written now; it is deleted again. Fails as Write does.
  base::Result<void> TryWrite(std::size_t bytes);
  Troubles troubles() const;

 private:
  // The last line that was to be written, if it could not be.
  struct Unnoted {
    std::uint64_t answer;
    std::string line;
    std::string reason;
  };

  struct Answer {
    std::uint64_t bytes = 0;
    std::size_t frames = 0;
    SpoolNotes notes;
    bool unread = false;  // an earlier process's log is still to be read
    std::uint64_t log_bytes = 0;
    std::uint64_t most_log = kShortLog;  // then it is looked whether fewer would do
    std::list<std::uint64_t> place;      // its number, which goes over to left_ and back
  };

  Spool(std::string folder, std::uint64_t most_bytes, base::Descriptor lock,
        base::Descriptor folder_fd);
  base::Result<void> FindLeft() EXCLUDES(mutex_);
  void Find(std::uint64_t number, std::string_view ending, std::uint64_t bytes) REQUIRES(mutex_);
  Answer& Add(std::uint64_t number) REQUIRES(mutex_);
  std::string PathOf(std::uint64_t answer, std::string_view ending) const;
  void NoteAgain() REQUIRES(mutex_);
  void Note(const Place& place, std::string_view what) REQUIRES(mutex_);
  base::Result<void> Append(std::uint64_t number, const std::string& log, std::string_view line)
      REQUIRES(mutex_);
  void BoundLog(std::uint64_t number) REQUIRES(mutex_);
  base::Result<void> Rewrite(std::uint64_t number, std::string_view text) REQUIRES(mutex_);
  void SetLogBytes(Answer& answer, std::uint64_t bytes) REQUIRES(mutex_);
  void RemoveIfDone(std::uint64_t number) REQUIRES(mutex_);
  void Remove(std::uint64_t number) REQUIRES(mutex_);
  void BoundUnusable() REQUIRES(mutex_);
  base::Result<Left> Read(std::uint64_t number) REQUIRES(mutex_);
  void Leave(Answer& answer) noexcept REQUIRES(mutex_) { left_.splice(left_.end(), answer.place); }

  const std::string folder_;
  const std::uint64_t most_bytes_;
  const base::Descriptor lock_;
  const base::Descriptor folder_fd_;  // to put the folder itself on disk

  mutable base::Mutex mutex_;
  std::map<std::uint64_t, Answer> answers_ GUARDED_BY(mutex_);
  // Of an earlier process, untaken.
  std::list<std::uint64_t> left_ GUARDED_BY(mutex_);
  // Those that could not be read, or not be deleted, and why; until that has worked.
  std::map<std::uint64_t, std::string> unread_ GUARDED_BY(mutex_);
  std::map<std::uint64_t, std::string> unremoved_ GUARDED_BY(mutex_);
  std::optional<Unnoted> unnoted_ GUARDED_BY(mutex_);
  std::map<std::uint64_t, std::uint64_t> torn_ GUARDED_BY(mutex_);      // bytes of those set aside
  std::map<std::uint64_t, std::uint64_t> unusable_ GUARDED_BY(mutex_);  // bytes of the evidence
  // Asked for by who must not wait for a disk.
  std::atomic<std::uint64_t> bytes_ = 0;
  std::uint64_t next_ GUARDED_BY(mutex_) = 1;
};

}  // namespace sampleproc::consumer

// Which of the frames in hand are in the spool, and when they need it no more.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/mutex.h"
#include "consumer/frame_source.h"
#include "consumer/sink_set.h"
#include "consumer/sources/spool.h"
#include "frame/options.h"
#include "telemetry/conditions.h"

namespace sampleproc::consumer {

// A frame leaves the spool when it has been settled and no sink holds its result any more. One that
// was returned, or whose result a sink has lost, is handed out again, when nothing else of its
// answer is on its way and no sink loses results; each time it comes back it rests longer, up to
// kLongestRest, since its pixels' host may be away for days, and other frames go on beside it.
// Those that an earlier process has left are handed out one at a time, counting each try, so that
// one which ends the process is found: after kMostTries it is broken. What goes wrong with the disk
// is the condition `spool`, by what fails: "write", "read", "torn", "notes", "remove"; it ends when
// that works again, which is tried every kRetry. Thread-safe.
class SpoolKeeper {
 public:
  static constexpr int kMostTries = 4;  // five with the first one, among others
  // How often what failed is tried again.
  static constexpr std::chrono::seconds kRetry{5};
  static constexpr std::chrono::seconds kLongestRest{10};
  // Answers that are put back at once, so that they leave time for new ones.
  static constexpr int kMostPutBack = 250;

  // Everything must outlive the keeper.
  SpoolKeeper(Spool& spool, const SinkSet& sinks, const frame::Options& limits,
              const base::Clock& clock, telemetry::Conditions& conditions);
  // The last look at what the sinks have delivered.
  ~SpoolKeeper() { Sweep(); }
  SpoolKeeper(const SpoolKeeper&) = delete;
  SpoolKeeper& operator=(const SpoolKeeper&) = delete;

  bool Full() const { return spool_.Full(); }

  // Writes an answer down. Nothing when that fails, which is counted and told: its frames are then
  // worked on without. One that is neither kept nor unusable is handed out later.
  std::optional<Spool::Ownerless> Write(std::string_view answer);
  // The frames of an answer, which have their tickets: they are told where they are written down.
  // When it throws none of them is kept.
  void Keep(Spool::Ownerless& answer, std::vector<Delivery>& deliveries);
  // An answer that was just written holds no frames. Returns where it is kept, "" when nowhere.
  std::string KeepUnusable(Spool::Ownerless& answer);

  // A frame that was left, when none is in hand that an earlier process has left.
  std::optional<Delivery> NextLeft(std::uint64_t ticket);

  // How many results the sinks have lost so far.
  std::uint64_t Lost() const { return sinks_.Lost(); }

  // After the sinks have taken its result; kReturned when one of them lost it. What it throws for
  // want of memory is made up for by the next Sweep, but for a line of the log.
  void Settled(std::uint64_t ticket, Ending ending);
  // Removes what the sinks have delivered meanwhile.
  void Sweep();
  // Tries again what failed, when it is time, and tells how the spool is. Every second or so.
  void Look();

  // Any thread; never waits for a disk.
  std::uint64_t failures() const { return failures_; }

 private:
  struct LeftFrame {
    Delivery delivery;
    Spool::Place place;
    int tries = 0;
    bool alone = true;  // it may have ended a process
  };
  struct Undelivered {
    Spool::Place place;
    SinkSet::Mark mark;
  };
  // An answer with frames that came back.
  struct Returned {
    bool left = false;  // by an earlier process, some of them
    base::Deadline rest;
  };
  // A frame in hand, with all the memory that its end needs, whichever it is.
  struct Kept {
    std::list<Undelivered> frame;                           // one
    std::map<std::uint64_t, Returned>::node_type returned;  // of its answer
    bool left = false;  // by an earlier process, so it is in hand alone
  };
  using InHand = std::map<std::uint64_t, Kept>;  // by ticket

  void AddKept(std::uint64_t ticket, const Spool::Place& place, bool left, InHand& kept) const;
  void ReadLeft(Spool::Left answer) REQUIRES(mutex_);
  void SweepDone() REQUIRES(mutex_);
  base::Deadline RestOf(std::uint64_t answer) const REQUIRES(mutex_);
  void PutBackReturned() REQUIRES(mutex_);
  void TellWrite(const base::Result<void>& done);
  void Probe() REQUIRES(mutex_);
  void Tell(std::string_view what, const std::string& problem, std::string_view meaning);

  Spool& spool_;
  const SinkSet& sinks_;
  const frame::Options limits_;
  const base::Clock& clock_;
  telemetry::Conditions& conditions_;

  mutable base::Mutex mutex_;
  InHand in_hand_ GUARDED_BY(mutex_);
  std::deque<LeftFrame> left_ GUARDED_BY(mutex_);  // of one answer
  int left_in_hand_ GUARDED_BY(mutex_) = 0;
  std::list<Undelivered> undelivered_ GUARDED_BY(mutex_);
  std::map<std::uint64_t, Returned> returned_ GUARDED_BY(mutex_);
  // How often answers that are in the spool were put back.
  std::map<std::uint64_t, int> put_back_ GUARDED_BY(mutex_);
  std::uint64_t last_put_back_ GUARDED_BY(mutex_) = 0;
  std::set<std::uint64_t> ours_ GUARDED_BY(mutex_);  // put back, and none of an earlier process's
  std::atomic<std::uint64_t> failures_ = 0;
  // Bytes of the last answer if it could not be written, at most kMostProbed of them; 0: it could.
  std::size_t unwritten_ GUARDED_BY(mutex_) = 0;
  base::Deadline retry_ GUARDED_BY(mutex_);
};

}  // namespace sampleproc::consumer

// Which of the frames in hand are in the spool, and when they need it no more.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "consumer/frame_source.h"
#include "consumer/sink_set.h"
#include "consumer/spool.h"
#include "frame/options.h"

namespace sampleproc::consumer {

// A frame leaves the spool when it has been settled and no sink holds its result any more; one that
// was returned stays for the next start. Those that an earlier process has left are handed out one
// at a time, counting each try, so that one which ends the process is found: after kMostTries it is
// broken. Thread-safe.
class SpoolKeeper {
 public:
  static constexpr int kMostTries = 4;  // five with the first one, among others

  // Everything must outlive the keeper.
  SpoolKeeper(Spool& spool, const SinkSet& sinks, const frame::Options& limits, base::Logger& log)
      : spool_(spool), sinks_(sinks), limits_(limits), log_(log) {}
  // The last look at what the sinks have delivered.
  ~SpoolKeeper() { Sweep(); }
  SpoolKeeper(const SpoolKeeper&) = delete;
  SpoolKeeper& operator=(const SpoolKeeper&) = delete;

  bool Full() const { return spool_.Full(); }

  // Writes an answer down. Nothing when that fails, which is counted and logged once: its frames
  // are then worked on without.
  std::optional<std::uint64_t> Write(std::string_view answer);
  // The frames of an answer, which have their tickets.
  void Keep(std::uint64_t answer, const std::vector<Delivery>& deliveries);

  // A frame that was left, when none is in hand.
  std::optional<Delivery> NextLeft(std::uint64_t ticket);

  // After the sinks have taken its result.
  void Settled(std::uint64_t ticket, Ending ending);
  // Removes what the sinks have delivered meanwhile.
  void Sweep();

  std::uint64_t failures() const;

 private:
  struct Kept {
    Spool::Place place;
    bool left = false;  // by an earlier process
  };
  struct LeftFrame {
    Delivery delivery;
    Spool::Place place;
    int tries = 0;
  };
  struct Undelivered {
    Spool::Place place;
    SinkSet::Mark mark;
  };

  void ReadLeft(Spool::Left answer);

  Spool& spool_;
  const SinkSet& sinks_;
  const frame::Options limits_;
  base::Logger& log_;

  mutable std::mutex mutex_;
  std::map<std::uint64_t, Kept> in_hand_;  // guarded by mutex_; by ticket
  std::deque<LeftFrame> left_;             // guarded by mutex_; of one answer
  int left_in_hand_ = 0;                   // guarded by mutex_
  std::deque<Undelivered> undelivered_;    // guarded by mutex_
  std::uint64_t failures_ = 0;             // guarded by mutex_
  bool said_failed_ = false;               // guarded by mutex_
};

}  // namespace sampleproc::consumer

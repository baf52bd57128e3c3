// How many more frames may be pulled.
#pragma once

#include <cstddef>

#include "consumer/options.h"
#include "process/options.h"

namespace sampleproc::consumer {

// A decision without state.
class PullRoom {
 public:
  PullRoom(const Options& options, const process::Options& process, int workers);

  struct Held {
    std::size_t all = 0;
    std::size_t waiting = 0;  // not with the workers yet
    std::size_t blocked = 0;  // of those, what pixels, a pause or an earlier frame hold back
  };

  // As many frames as keep the workers busy and one pull more. What is blocked takes no room from
  // others as long as the workers could do with more, until consumer.max_waiting of them are held.
  // With max_age frames are pulled as they come, so that there is something to choose from; then it
  // is for the caller to keep no more than read_ahead() of them waiting.
  std::size_t For(const Held& held) const;

  // Frames that may be with the workers: one for each and process.batch_size more, which are the
  // next ones when some worker is free. Just one more where the newest is to be chosen.
  std::size_t hand_limit() const { return hand_limit_; }

  bool drops() const { return drops_; }
  std::size_t read_ahead() const { return read_ahead_; }

 private:
  const bool drops_;  // frames that nobody gets round to in time
  const std::size_t hand_limit_;
  const std::size_t read_ahead_;
  const std::size_t hold_limit_;
  const std::size_t max_waiting_;
};

}  // namespace sampleproc::consumer

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

  // Where frames may be dropped so many of those may wait: one for each of as many cameras.
  static constexpr std::size_t kReadAhead = 256;

  struct Held {
    std::size_t all = 0;
    std::size_t droppable = 0;  // wait, and may be dropped for their age
    std::size_t blocked = 0;    // of the others, what pixels, a pause or an earlier frame hold back
  };

  // As many frames as keep the workers busy and one pull more. What is blocked takes no room from
  // others as long as the workers could do with more, until consumer.max_waiting of them are held.
  // Frames with a max_age are pulled as they come, so that there is something to choose from; it is
  // for the caller to keep no more than kReadAhead of them waiting.
  std::size_t For(const Held& held) const;

  // Frames that may be with the workers: one for each and process.batch_size more, which are the
  // next ones when some worker is free. Just one more where the newest is to be chosen.
  std::size_t hand_limit() const { return hand_limit_; }
  // How many may wait for pixels at most: as many as may be held at all, or consumer.max_waiting.
  std::size_t max_waiting() const { return max_waiting_; }

 private:
  const std::size_t hand_limit_;
  const std::size_t hold_limit_;
  const std::size_t max_waiting_;
};

}  // namespace sampleproc::consumer

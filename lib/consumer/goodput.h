// How many frames the workers get done in a time, as measured.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "base/clock.h"

namespace sampleproc::consumer {

// Used by one thread at a time. Follows a change within about a second.
class Goodput {
 public:
  // A frame left the workers. `more_wait`: others were waiting for them, so that they were busy.
  void Finished(base::MonoTime now, bool more_wait);

  // How many frames can be done within `time`; nothing as long as the workers have not been busy
  // for long enough to tell.
  std::optional<std::size_t> Within(std::chrono::nanoseconds time) const;

 private:
  std::optional<base::MonoTime> last_;
  double gap_seconds_ = 0;  // between two frames, exponentially weighted
  int measured_ = 0;
};

}  // namespace sampleproc::consumer

// How much of their work the workers get done in a time, as measured.
#pragma once

#include <chrono>
#include <optional>

#include "base/clock.h"

namespace sampleproc::consumer {

// Used by one thread at a time. Follows a change within about a second.
class Goodput {
 public:
  // A frame left the worker that had it for `worked`. `more_wait`: others were waiting, so that the
  // workers were busy.
  void Finished(base::MonoTime now, std::chrono::nanoseconds worked, bool more_wait);

  // How much work, in the time of one worker, can be done within `time`: less than all workers have
  // where frames from elsewhere take some of it. Nothing as long as the workers have not been busy
  // for long enough to tell.
  std::optional<std::chrono::nanoseconds> Within(std::chrono::nanoseconds time) const;

 private:
  std::optional<base::MonoTime> last_;
  double gap_seconds_ = 0;   // between two frames, exponentially weighted
  double work_seconds_ = 0;  // of one frame, alike
  int measured_ = 0;
};

}  // namespace sampleproc::consumer

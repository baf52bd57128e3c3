// How long the runs of a network take, and whether frames can wait for them.
#pragma once

#include <chrono>

#include "base/mutex.h"

namespace sampleproc::detect {

// Thread-safe.
class RunTimes {
 public:
  // A run was over, or was ended, after so long. `in_time`: its frame's time was not over before.
  void Ended(std::chrono::nanoseconds took, bool in_time) EXCLUDES(mutex_);

  // What a run takes on average, an exponentially weighted one (weight 1/8); zero before the first.
  std::chrono::nanoseconds Expected() const EXCLUDES(mutex_);

  // The runs since the last one that was over in time.
  struct Late {
    int runs = 0;
    std::chrono::nanoseconds least{0};  // what each of them took at least
  };
  Late late() const EXCLUDES(mutex_);

 private:
  mutable base::Mutex mutex_;
  std::chrono::nanoseconds expected_ GUARDED_BY(mutex_){0};
  Late late_ GUARDED_BY(mutex_);
};

}  // namespace sampleproc::detect

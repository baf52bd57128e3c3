#include "detect/run_times.h"

#include <algorithm>

namespace sampleproc::detect {

void RunTimes::Ended(std::chrono::nanoseconds took, bool in_time) {
  const base::MutexLock lock(mutex_);
  expected_ += expected_ == expected_.zero() ? took : (took - expected_) / 8;
  if (in_time) {
    late_ = {};
  } else {
    late_.least = late_.runs == 0 ? took : std::min(late_.least, took);
    ++late_.runs;
  }
}

std::chrono::nanoseconds RunTimes::Expected() const {
  const base::MutexLock lock(mutex_);
  return expected_;
}

RunTimes::Late RunTimes::late() const {
  const base::MutexLock lock(mutex_);
  return late_;
}

}  // namespace sampleproc::detect

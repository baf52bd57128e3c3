#include "consumer/sources/pull_gate.h"

namespace sampleproc::consumer {

bool PullGate::Enter() {
  const base::MutexLock lock(mutex_);
  inside_ = !interrupted_;
  return inside_;
}

void PullGate::Leave() {
  const base::MutexLock lock(mutex_);
  inside_ = false;
  left_.NotifyAll();
}

void PullGate::Interrupt(std::chrono::milliseconds patience, const base::Deadline& end) {
  {
    const auto over = base::Deadline::Earlier(base::Deadline(base::SystemClock(), patience), end);
    const base::MutexLock lock(mutex_);
    interrupted_ = true;
    while (inside_ && !over.Expired()) left_.WaitUntil(mutex_, over);
  }
  cancel_.Cancel();
}

}  // namespace sampleproc::consumer

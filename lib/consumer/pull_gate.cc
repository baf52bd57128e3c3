#include "consumer/pull_gate.h"

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

void PullGate::Interrupt(std::chrono::milliseconds patience) {
  {
    const base::Deadline end(base::SystemClock(), patience);
    const base::MutexLock lock(mutex_);
    interrupted_ = true;
    while (inside_ && !end.Expired()) left_.WaitUntil(mutex_, end);
  }
  cancel_.Cancel();
}

}  // namespace sampleproc::consumer

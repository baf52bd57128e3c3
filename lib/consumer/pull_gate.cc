#include "consumer/pull_gate.h"

namespace sampleproc::consumer {

bool PullGate::Enter() {
  const std::lock_guard lock(mutex_);
  inside_ = !interrupted_;
  return inside_;
}

void PullGate::Leave() {
  const std::lock_guard lock(mutex_);
  inside_ = false;
  left_.notify_all();
}

void PullGate::Interrupt(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  interrupted_ = true;
  left_.wait_for(lock, patience, [this] { return !inside_; });
  cancel_.Cancel();
}

}  // namespace sampleproc::consumer

#include "net/circuit.h"

#include <algorithm>

namespace sampleproc::net {

bool Circuit::MayTry() {
  const base::MutexLock lock(mutex_);
  const base::MonoTime now = clock_.Now();
  if (now < next_try_) return false;
  // The others wait for what comes of this one.
  if (failures_ >= kTries) next_try_ = now + kLongest;
  return true;
}

void Circuit::Failed() {
  const base::MutexLock lock(mutex_);
  ++failures_;
  if (failures_ < kTries) return;
  if (failures_ == kTries) ++opened_;
  const int doublings = std::min(failures_ - kTries, 5);
  next_try_ = clock_.Now() + std::min(kLongest, kShortest * (1 << doublings));
}

void Circuit::GaveUp() {
  const base::MutexLock lock(mutex_);
  next_try_ = {};
}

void Circuit::Close() {
  const base::MutexLock lock(mutex_);
  failures_ = 0;
  next_try_ = {};
}

bool Circuit::is_open() const {
  const base::MutexLock lock(mutex_);
  return failures_ >= kTries;
}

std::uint64_t Circuit::opened() const {
  const base::MutexLock lock(mutex_);
  return opened_;
}

}  // namespace sampleproc::net

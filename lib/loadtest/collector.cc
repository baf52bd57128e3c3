#include "loadtest/collector.h"

#include <algorithm>
#include <limits>

namespace sampleproc::loadtest {
namespace {

constexpr std::uint64_t kFinished = std::numeric_limits<std::uint64_t>::max();

}  // namespace

std::unique_ptr<Measurement> Collector::Deliver(std::size_t thread, std::uint64_t second,
                                                std::unique_ptr<Measurement> measured) {
  base::MutexLock lock(mutex_);
  next_[thread] = second + 1;
  std::unique_ptr<Measurement>& held = seconds_[second];
  changed_.NotifyOne();
  if (held == nullptr) {
    held = std::move(measured);
    lock.Unlock();
    return std::make_unique<Measurement>();
  }
  held->Merge(*measured);
  lock.Unlock();
  measured->Clear();
  return measured;
}

void Collector::Finish(std::size_t thread) {
  const base::MutexLock lock(mutex_);
  next_[thread] = kFinished;
  changed_.NotifyOne();
}

std::uint64_t Collector::Open() const { return *std::ranges::min_element(next_); }

std::optional<Collector::Complete> Collector::Take() {
  const base::MutexLock lock(mutex_);
  while (true) {
    const auto first = seconds_.begin();
    if (first != seconds_.end() && first->first < Open()) {
      Complete complete{first->first, std::move(first->second)};
      seconds_.erase(first);
      return complete;
    }
    if (Open() == kFinished) return std::nullopt;
    changed_.Wait(mutex_);
  }
}

}  // namespace sampleproc::loadtest

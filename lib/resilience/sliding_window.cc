#include "resilience/sliding_window.h"

#include <algorithm>

namespace sampleproc::resilience {
namespace {

std::int64_t SecondOf(base::MonoTime time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

SlidingWindow::Decision SlidingWindow::Take(base::MonoTime now, std::uint32_t cost,
                                            std::uint32_t limit) {
  limit = std::min(limit, kMaxLimit);
  AdvanceTo(SecondOf(now));
  const std::uint32_t left = limit > total_ ? limit - total_ : 0;
  if (cost > left) {
    const std::uint32_t missing = std::min(cost - left, total_);
    return {false, left, std::max(UntilFree(now, missing), std::chrono::seconds(1))};
  }
  auto& count = counts_[static_cast<std::size_t>(newest_ % kSeconds)];
  count = static_cast<std::uint16_t>(count + cost);
  total_ += cost;
  return {true, left - cost, UntilFree(now, std::min(total_, 1u))};
}

bool SlidingWindow::IdleAt(base::MonoTime now) const {
  return total_ == 0 || SecondOf(now) >= newest_ + kSeconds;
}

void SlidingWindow::AdvanceTo(std::int64_t second) {
  if (second <= newest_) return;
  if (second >= newest_ + kSeconds) {
    counts_.fill(0);
    total_ = 0;
  } else {
    for (std::int64_t s = newest_ + 1; s <= second; ++s) {
      auto& count = counts_[static_cast<std::size_t>(s % kSeconds)];
      total_ -= count;
      count = 0;
    }
  }
  newest_ = second;
}

std::chrono::seconds SlidingWindow::UntilFree(base::MonoTime now, std::uint32_t units) const {
  if (units == 0) return {};
  std::uint32_t freed = 0;
  for (std::int64_t s = newest_ - kSeconds + 1; s <= newest_; ++s) {
    if (s < 0) continue;
    freed += counts_[static_cast<std::size_t>(s % kSeconds)];
    if (freed < units) continue;
    const base::MonoTime back{std::chrono::seconds(s + kSeconds)};
    return std::chrono::ceil<std::chrono::seconds>(back - now);
  }
  return kWindow;
}

}  // namespace sampleproc::resilience

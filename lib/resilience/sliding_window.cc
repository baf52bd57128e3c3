#include "resilience/sliding_window.h"

#include <algorithm>
#include <limits>
#include <ratio>
#include <utility>

namespace sampleproc::resilience {
namespace {

// So many of them are a second: 15 microseconds each.
constexpr std::int64_t kParts = std::numeric_limits<std::uint16_t>::max() + 1;

std::int64_t SecondOf(base::MonoTime time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::uint16_t PartOf(base::MonoTime time) {
  const std::chrono::nanoseconds rest =
      time.time_since_epoch() - std::chrono::seconds(SecondOf(time));
  return static_cast<std::uint16_t>(rest.count() * kParts / std::nano::den);
}

}  // namespace

SlidingWindow::Decision SlidingWindow::Take(base::MonoTime now, std::uint32_t cost,
                                            std::uint32_t limit) {
  limit = std::min(limit, kMaxLimit);
  AdvanceTo(SecondOf(now));
  if (const std::int64_t oldest = newest_ - kSeconds + 1; now >= FreeAt(oldest)) Forget(oldest);
  const std::uint32_t left = limit > total_ ? limit - total_ : 0;
  if (cost > left) {
    const std::uint32_t missing = std::min(cost - left, total_);
    return {false, left, std::max(UntilFree(now, missing), std::chrono::seconds(1))};
  }
  auto& count = counts_[At(newest_)];
  count = static_cast<std::uint16_t>(count + cost);
  last_[At(newest_)] = std::max(PartOf(now), count == cost ? std::uint16_t{0} : last_[At(newest_)]);
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
    for (std::int64_t s = newest_ + 1; s <= second; ++s) Forget(s);
  }
  newest_ = second;
}

void SlidingWindow::Forget(std::int64_t second) {
  total_ -= std::exchange(counts_[At(second)], std::uint16_t{0});
}

base::MonoTime SlidingWindow::FreeAt(std::int64_t second) const {
  const std::chrono::nanoseconds part(last_[At(second)] * std::nano::den / kParts);
  return base::MonoTime(std::chrono::seconds(second) + kWindow + part);
}

std::chrono::seconds SlidingWindow::UntilFree(base::MonoTime now, std::uint32_t units) const {
  if (units == 0) return {};
  std::uint32_t freed = 0;
  for (std::int64_t s = newest_ - kSeconds + 1; s <= newest_; ++s) {
    if (s < 0) continue;
    freed += counts_[At(s)];
    if (freed < units) continue;
    return std::chrono::ceil<std::chrono::seconds>(FreeAt(s) - now);
  }
  return kWindow;
}

}  // namespace sampleproc::resilience

#include "consumer/goodput.h"

#include <algorithm>

namespace sampleproc::consumer {
namespace {

constexpr double kWeight = 1.0 / 16;
constexpr int kEnough = 16;

}  // namespace

void Goodput::Finished(base::MonoTime now, bool more_wait) {
  if (last_) {
    const double gap = std::chrono::duration<double>(now - *last_).count();
    gap_seconds_ += (gap - gap_seconds_) * (measured_ == 0 ? 1.0 : kWeight);
    measured_ = std::min(measured_ + 1, kEnough);
  }
  last_ = more_wait ? std::optional(now) : std::nullopt;
}

std::optional<std::size_t> Goodput::Within(std::chrono::nanoseconds time) const {
  if (measured_ < kEnough) return std::nullopt;
  const double seconds = std::chrono::duration<double>(time).count();
  return static_cast<std::size_t>(std::min(1e6, seconds / std::max(gap_seconds_, 1e-9)));
}

}  // namespace sampleproc::consumer

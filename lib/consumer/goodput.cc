#include "consumer/goodput.h"

#include <algorithm>

namespace sampleproc::consumer {
namespace {

constexpr double kWeight = 1.0 / 16;
constexpr int kEnough = 16;

}  // namespace

void Goodput::Finished(base::MonoTime now, std::chrono::nanoseconds worked, bool more_wait) {
  using Seconds = std::chrono::duration<double>;
  if (last_) {
    const double weight = measured_ == 0 ? 1.0 : kWeight;
    gap_seconds_ += (Seconds(now - *last_).count() - gap_seconds_) * weight;
    work_seconds_ += (Seconds(worked).count() - work_seconds_) * weight;
    measured_ = std::min(measured_ + 1, kEnough);
  }
  last_ = more_wait ? std::optional(now) : std::nullopt;
}

std::optional<std::chrono::nanoseconds> Goodput::Within(std::chrono::nanoseconds time) const {
  if (measured_ < kEnough || gap_seconds_ <= 0) return std::nullopt;
  const double share = std::min(1e6, work_seconds_ / gap_seconds_);
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double, std::nano>(time) * share);
}

}  // namespace sampleproc::consumer

#include "resources/drain_estimate.h"

#include <algorithm>
#include <cmath>

namespace sampleproc::resources {

void DrainEstimate::Finished(std::chrono::nanoseconds took) {
  constexpr double kWeight = 1.0 / 16;
  const double seconds = std::chrono::duration<double>(took).count();
  mean_seconds_ =
      mean_seconds_ == 0 ? seconds : mean_seconds_ + kWeight * (seconds - mean_seconds_);
}

void DrainEstimate::Waiting(std::size_t pieces) {
  const double wait = std::ceil(static_cast<double>(pieces) * mean_seconds_ / workers_);
  const auto shortest = static_cast<double>(kShortest.count());
  const auto longest = static_cast<double>(kLongest.count());
  seconds_.store(static_cast<std::chrono::seconds::rep>(std::clamp(wait, shortest, longest)),
                 std::memory_order_relaxed);
}

}  // namespace sampleproc::resources

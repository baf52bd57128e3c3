#include "resilience/retry_policy.h"

#include <algorithm>
#include <utility>

namespace sampleproc::resilience {

Backoff QuickAtFirst(Backoff later) {
  return [later = std::move(later)](int failures) {
    if (failures > kQuickTries) return later(failures - kQuickTries);
    return failures == 1 ? std::chrono::milliseconds(0) : kQuickPause;
  };
}

std::chrono::milliseconds RetryPolicy::Pause(int failures) {
  std::chrono::milliseconds bound = std::min(first_, longest_);
  for (int i = 1; i < failures && bound < longest_; ++i) bound = std::min(2 * bound, longest_);
  return std::chrono::milliseconds(
      std::uniform_int_distribution<std::chrono::milliseconds::rep>(0, bound.count())(random_));
}

}  // namespace sampleproc::resilience

#include "resilience/retry_policy.h"

#include <algorithm>

namespace sampleproc::resilience {

std::chrono::milliseconds RetryPolicy::Pause(int failures) {
  std::chrono::milliseconds bound = std::min(first_, longest_);
  for (int i = 1; i < failures && bound < longest_; ++i) bound = std::min(2 * bound, longest_);
  return std::chrono::milliseconds(
      std::uniform_int_distribution<std::chrono::milliseconds::rep>(0, bound.count())(random_));
}

}  // namespace sampleproc::resilience

// How long the work that waits will take, as measured: what a 503 tells its caller.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>

namespace sampleproc::resources {

// Those who queue tell it, those who refuse ask it. RetryAfter from any thread; the others from one
// thread at a time.
class DrainEstimate {
 public:
  static constexpr std::chrono::seconds kShortest{1};
  static constexpr std::chrono::seconds kLongest{30};

  // `workers` take what waits, each one piece at a time.
  explicit DrainEstimate(int workers) : workers_(workers) {}

  // A piece of work took `took`. The mean follows as an exponentially weighted moving average
  // (weight 1/16): a few dozen pieces after the load has changed it is the new one.
  void Finished(std::chrono::nanoseconds took);

  // So many pieces wait now.
  void Waiting(std::size_t pieces);

  // What waits, divided by the rate at which it is done; whole seconds, rounded up, within
  // kShortest and kLongest. kShortest before anything has been finished.
  std::chrono::seconds RetryAfter() const {
    return std::chrono::seconds(seconds_.load(std::memory_order_relaxed));
  }

 private:
  const int workers_;
  double mean_seconds_ = 0;
  std::atomic<std::chrono::seconds::rep> seconds_ = kShortest.count();
};

}  // namespace sampleproc::resources

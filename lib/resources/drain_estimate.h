// How long work takes, as measured: what waits, what comes, and what a 503 tells its caller.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace sampleproc::resources {

// Those who queue tell it, those who refuse ask it. RetryAfter from any thread; the others from one
// thread at a time.
class DrainEstimate {
 public:
  static constexpr std::chrono::seconds kShortest{1};
  static constexpr std::chrono::seconds kLongest{30};

  // `workers` take what waits, each one piece at a time.
  explicit DrainEstimate(int workers) : workers_(workers) {}

  // A piece of work of so many bytes took `took`. Pieces within a factor of two are of one size.
  // Means follow as exponentially weighted moving averages (weight 1/16): a few dozen pieces after
  // the load has changed they are the new ones.
  void Finished(std::size_t bytes, std::chrono::nanoseconds took);

  // What a piece of this size takes on average; of a size that nobody has seen, the nearest size's
  // time. Zero before anything has been finished.
  std::chrono::nanoseconds Expected(std::size_t bytes) const;

  // The same and the mean deviation from it: most pieces take no longer.
  std::chrono::nanoseconds AtMost(std::size_t bytes) const;

  // What waits now takes one worker so long.
  void Waiting(std::chrono::nanoseconds work);

  // How long a piece that comes now waits for a worker, when `in_work` is what the workers have yet
  // to do of what they are at, all together.
  std::chrono::nanoseconds Wait(std::chrono::nanoseconds in_work) const;

  // How long what waits takes all workers; whole seconds, rounded up, within kShortest and
  // kLongest. kShortest before anything has been finished.
  std::chrono::seconds RetryAfter() const {
    return std::chrono::seconds(seconds_.load(std::memory_order_relaxed));
  }

 private:
  struct Size {
    double mean = 0;  // seconds
    double deviation = 0;
    bool seen = false;
  };
  const Size* Nearest(std::size_t bytes) const;

  const int workers_;
  std::array<Size, 65> sizes_;  // by the number of bits in the bytes
  double waiting_seconds_ = 0;
  std::atomic<std::chrono::seconds::rep> seconds_ = kShortest.count();
};

}  // namespace sampleproc::resources

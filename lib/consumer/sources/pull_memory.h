// Memory for what a pull brings, taken from the budget before it is read.
#pragma once

#include <chrono>
#include <cstddef>

#include "base/deadline.h"
#include "base/error.h"
#include "resources/memory_budget.h"

namespace sampleproc::consumer {

// Of one pull: what its answer takes while it is read, of which each frame then takes its part. The
// rest is given back by scope. Used by one thread; budget and allowance must outlive it.
class PullMemory {
 public:
  // `budget` may be null: then nothing is counted. `patience` is how long a call of Grow waits.
  PullMemory(resources::MemoryBudget* budget, std::chrono::milliseconds patience,
             const base::Allowance& allowance)
      : budget_(budget), patience_(patience), allowance_(allowance) {}

  // Sees to it that `bytes` are held, the earlier ones included; waits for room. Fails with
  // kOverloaded when there is none in time, kCancelled, or kTooLarge when there never will be.
  base::Result<void> Grow(std::size_t bytes) { return Grow(bytes, patience_); }
  base::Result<void> Grow(std::size_t bytes, std::chrono::milliseconds patience);

  // A frame's part. Less than `bytes` when not so much was held.
  resources::Reservation Part(std::size_t bytes) { return held_.Split(bytes); }

 private:
  resources::MemoryBudget* const budget_;
  const std::chrono::milliseconds patience_;
  const base::Allowance& allowance_;
  std::size_t grown_ = 0;
  resources::Reservation held_;
};

}  // namespace sampleproc::consumer

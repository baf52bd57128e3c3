// A clock that moves when told to.
#pragma once

#include <atomic>
#include <chrono>

#include "base/clock.h"

namespace sampleproc::testing {

class FakeClock final : public base::Clock {
 public:
  base::MonoTime Now() const override { return base::MonoTime(passed_.load()); }
  base::WallTime Wall() const override {
    return base::WallTime(std::chrono::duration_cast<base::WallTime::duration>(passed_.load()));
  }
  void Advance(std::chrono::nanoseconds by) { passed_ = passed_.load() + by; }

 private:
  std::atomic<std::chrono::nanoseconds> passed_{std::chrono::hours(1)};
};

}  // namespace sampleproc::testing

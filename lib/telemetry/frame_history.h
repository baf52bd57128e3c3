// What became of the last frames: the sums behind the answers of the original service's shape.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "telemetry/metrics.h"

namespace sampleproc::telemetry {

// One thread at a time.
class FrameHistory {
 public:
  void Completed(std::chrono::nanoseconds took);
  void Failed(base::ErrorCode code, base::MonoTime now);
  FrameTotals Totals(base::MonoTime now) const;

 private:
  static constexpr std::size_t kRemembered = 100;  // as many as the original averaged over
  static constexpr std::int64_t kSeconds = 60;
  struct Second {
    std::int64_t second = -1;
    std::uint64_t failures = 0;
  };

  std::uint64_t processed_ = 0;
  std::uint64_t failed_ = 0;
  std::map<std::string, std::uint64_t> by_error_;
  std::vector<double> took_seconds_;  // a ring once it is full
  std::array<Second, kSeconds> seconds_{};
};

}  // namespace sampleproc::telemetry

// What became of the last frames: the sums behind the answers of the original service's shape.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace sampleproc::process {

// What became of frames so far, for the answers of the original service's shape.
struct FrameTotals {
  std::uint64_t processed = 0;
  std::uint64_t failed = 0;
  std::uint64_t failed_last_minute = 0;           // to a second
  std::map<std::string, std::uint64_t> by_error;  // by ErrorCodeName
  // Seconds in work of the last 100 that succeeded; zeros when there is none.
  double average_seconds = 0;
  double least_seconds = 0;
  double most_seconds = 0;
};

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

}  // namespace sampleproc::process

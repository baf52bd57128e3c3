#include "process/frame_history.h"

#include <algorithm>
#include <numeric>

namespace sampleproc::process {
namespace {

std::int64_t SecondOf(base::MonoTime time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

void FrameHistory::Completed(std::chrono::nanoseconds took) {
  const double seconds = std::chrono::duration<double>(took).count();
  if (took_seconds_.size() < kRemembered) {
    took_seconds_.push_back(seconds);
  } else {
    took_seconds_[processed_ % kRemembered] = seconds;
  }
  ++processed_;
}

void FrameHistory::Failed(base::ErrorCode code, base::MonoTime now) {
  ++failed_;
  ++by_error_[std::string(base::ErrorCodeName(code))];
  const std::int64_t second = SecondOf(now);
  Second& place = seconds_[static_cast<std::size_t>(second % kSeconds)];
  if (place.second != second) place = {second, 0};
  ++place.failures;
}

FrameTotals FrameHistory::Totals(base::MonoTime now) const {
  FrameTotals totals;
  totals.processed = processed_;
  totals.failed = failed_;
  totals.by_error = by_error_;
  for (const Second& place : seconds_) {
    if (place.second > SecondOf(now) - kSeconds) totals.failed_last_minute += place.failures;
  }
  if (!took_seconds_.empty()) {
    const double sum = std::accumulate(took_seconds_.begin(), took_seconds_.end(), 0.0);
    totals.average_seconds = sum / static_cast<double>(took_seconds_.size());
    const auto [least, most] = std::ranges::minmax_element(took_seconds_);
    totals.least_seconds = *least;
    totals.most_seconds = *most;
  }
  return totals;
}

}  // namespace sampleproc::process

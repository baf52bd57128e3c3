#include "loadtest/measurement.h"

#include <limits>

namespace sampleproc::loadtest {

void Measurement::Fail(std::string_view type) {
  const auto at = errors.find(type);
  if (at != errors.end()) {
    ++at->second;
  } else {
    errors.emplace(type, 1);
  }
}

void Measurement::Merge(const Measurement& other) {
  corrected.Merge(other.corrected);
  raw.Merge(other.raw);
  send_lag.Merge(other.send_lag);
  intended += other.intended;
  good += other.good;
  waited += other.waited;
  abandoned += other.abandoned;
  bytes_received += other.bytes_received;
  connections += other.connections;
  for (const auto& [type, count] : other.errors) errors[type] += count;
}

void Measurement::Clear() {
  corrected.Clear();
  raw.Clear();
  send_lag.Clear();
  intended = good = waited = abandoned = bytes_received = connections = 0;
  errors.clear();
}

std::uint64_t Measurement::ErrorCount() const {
  std::uint64_t sum = 0;
  for (const auto& [type, count] : errors) sum += count;
  return sum;
}

double Measurement::PercentileOfAll(double percentile) const {
  const std::uint64_t all = Finished();
  if (all == 0) return 0;
  const std::uint64_t rank = RankOf(percentile, all);
  // Good answers and timeouts are in the histogram, other failures behind them.
  const auto timeouts = errors.find(failure::kTimeout);
  const std::uint64_t timed_out = timeouts == errors.end() ? 0 : timeouts->second;
  if (rank > good + timed_out) return std::numeric_limits<double>::infinity();
  return static_cast<double>(corrected.ValueAtRank(rank));
}

}  // namespace sampleproc::loadtest

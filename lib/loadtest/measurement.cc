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
  read_lag.Merge(other.read_lag);
  intended += other.intended;
  good += other.good;
  waited += other.waited;
  abandoned += other.abandoned;
  unsent += other.unsent;
  bytes_received += other.bytes_received;
  connections += other.connections;
  for (const auto& [type, count] : other.errors) errors[type] += count;
}

void Measurement::Clear() {
  corrected.Clear();
  raw.Clear();
  send_lag.Clear();
  read_lag.Clear();
  intended = good = waited = abandoned = unsent = bytes_received = connections = 0;
  errors.clear();
}

std::uint64_t Measurement::ErrorCount() const {
  std::uint64_t sum = 0;
  for (const auto& [type, count] : errors) sum += count;
  return sum;
}

double Measurement::PercentileOfAll(const Histogram& latency, double percentile) const {
  const std::uint64_t all = Finished();
  if (all == 0) return std::numeric_limits<double>::quiet_NaN();
  const std::uint64_t rank = RankOf(percentile, all);
  if (rank > latency.count()) return std::numeric_limits<double>::infinity();
  return static_cast<double>(latency.ValueAtRank(rank)) / 1e6;
}

double Measurement::MeanOfAll(const Histogram& latency) const {
  const std::uint64_t all = Finished();
  if (all == 0) return std::numeric_limits<double>::quiet_NaN();
  if (all > latency.count()) return std::numeric_limits<double>::infinity();
  return latency.Mean() / 1e6;
}

}  // namespace sampleproc::loadtest

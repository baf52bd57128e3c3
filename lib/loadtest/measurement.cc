#include "loadtest/measurement.h"

#include <algorithm>
#include <limits>

namespace sampleproc::loadtest {
namespace {

constexpr std::chrono::seconds kLongestEdge{5};

}  // namespace

std::chrono::nanoseconds EdgeOf(std::chrono::nanoseconds length) {
  return std::min<std::chrono::nanoseconds>(length / 3, kLongestEdge);
}

Place PlaceOf(std::chrono::nanoseconds at, std::chrono::nanoseconds length) {
  if (length.count() <= 0) return Place::kBetween;
  if (at < EdgeOf(length)) return Place::kFirst;
  return at >= length - EdgeOf(length) ? Place::kLast : Place::kBetween;
}

void Measurement::Fail(std::string_view type) {
  const auto at = errors.find(type);
  if (at != errors.end()) {
    ++at->second;
  } else {
    errors.emplace(type, 1);
  }
}

void Measurement::AddLatency(std::uint64_t from_intended, std::uint64_t from_sending, Place place) {
  corrected.Record(from_intended);
  raw.Record(from_sending);
  if (place == Place::kFirst) first.Record(from_intended);
  if (place == Place::kLast) last.Record(from_intended);
}

void Measurement::Merge(const Measurement& other) {
  corrected.Merge(other.corrected);
  raw.Merge(other.raw);
  first.Merge(other.first);
  last.Merge(other.last);
  open.Merge(other.open);
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
  first.Clear();
  last.Clear();
  open.Clear();
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

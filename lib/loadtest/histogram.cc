#include "loadtest/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace sampleproc::loadtest {
namespace {

constexpr unsigned kHalfBits = 10;  // 1024 parts in each power of two
constexpr std::uint64_t kHalf = 1ULL << kHalfBits;
constexpr std::uint64_t kMask = 2 * kHalf - 1;

constexpr unsigned PowerOf(std::uint64_t value) {
  return static_cast<unsigned>(std::bit_width(value | kMask)) - (kHalfBits + 1);
}

constexpr std::size_t SlotOf(std::uint64_t value) {
  const unsigned power = PowerOf(value);
  return (static_cast<std::size_t>(power) << kHalfBits) + (value >> power);
}

// The smallest value of a slot, and how many values it stands for.
struct Range {
  std::uint64_t first;
  std::uint64_t width;
};

constexpr Range RangeOf(std::size_t slot) {
  const std::uint64_t part = slot >> kHalfBits;
  if (part < 2) return {slot, 1};
  const std::uint64_t power = part - 1;
  return {((slot & (kHalf - 1)) + kHalf) << power, 1ULL << power};
}

}  // namespace

std::uint64_t RankOf(double percentile, std::uint64_t count) {
  const double capped = std::clamp(percentile, 0.0, 100.0);
  // A hair less, so that 99.9 % of 1000 is 999 although 99.9 has no exact double.
  const double exact = std::nextafter(capped, 0.0) * static_cast<double>(count) / 100.0;
  return std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::ceil(exact)), 1,
                                   std::max<std::uint64_t>(count, 1));
}

void Histogram::Allocate() { counts_.resize(SlotOf(kMax) + 1); }

std::uint64_t Histogram::LargestIn(std::size_t slot) {
  const Range range = RangeOf(slot);
  return range.first + range.width - 1;
}

void Histogram::Record(std::uint64_t value) {
  const std::uint64_t held = std::min(value, kMax);
  const std::size_t slot = SlotOf(held);
  if (slot >= counts_.size()) Allocate();
  ++counts_[slot];
  ++count_;
  max_ = std::max(max_, held);
  used_ = std::max(used_, slot + 1);
}

void Histogram::Merge(const Histogram& other) {
  if (other.used_ > counts_.size()) Allocate();
  for (std::size_t slot = 0; slot < other.used_; ++slot) counts_[slot] += other.counts_[slot];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
  used_ = std::max(used_, other.used_);
}

void Histogram::Clear() {
  std::fill_n(counts_.begin(), used_, 0);
  count_ = 0;
  max_ = 0;
  used_ = 0;
}

std::uint64_t Histogram::Max() const { return count_ == 0 ? 0 : LargestIn(SlotOf(max_)); }

double Histogram::Mean() const {
  if (count_ == 0) return 0;
  double sum = 0;
  for (std::size_t slot = 0; slot < used_; ++slot) {
    const Range range = RangeOf(slot);
    sum += static_cast<double>(counts_[slot]) * static_cast<double>(range.first + range.width / 2);
  }
  return sum / static_cast<double>(count_);
}

double Histogram::StandardDeviation() const {
  if (count_ == 0) return 0;
  const double mean = Mean();
  double sum = 0;
  for (std::size_t slot = 0; slot < used_; ++slot) {
    const Range range = RangeOf(slot);
    const double off = static_cast<double>(range.first + range.width / 2) - mean;
    sum += static_cast<double>(counts_[slot]) * off * off;
  }
  return std::sqrt(sum / static_cast<double>(count_));
}

std::uint64_t Histogram::ValueAt(double percentile) const {
  return count_ == 0 ? 0 : ValueAtRank(RankOf(percentile, count_));
}

std::uint64_t Histogram::ValueAtRank(std::uint64_t rank) const {
  std::uint64_t seen = 0;
  for (std::size_t slot = 0; slot < used_; ++slot) {
    seen += counts_[slot];
    if (seen >= rank) return LargestIn(slot);
  }
  return Max();
}

}  // namespace sampleproc::loadtest

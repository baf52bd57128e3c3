// Counts values so that percentiles can be asked for later: an HDR histogram of three digits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sampleproc::loadtest {

// Laid out as HdrHistogram lays out its counts (1 unit the smallest value told apart, 3 significant
// digits): values below 2048 have a count of their own, above that each power of two is divided
// into 1024 equal parts, so that a value read back is less than 0.1 % above the one recorded.
// A value over kMax counts as kMax. Not thread-safe; a thread keeps its own, and they are merged.
class Histogram {
 public:
  static constexpr std::uint64_t kMax = 3'600'000'000'000;  // one hour in nanoseconds

  void Record(std::uint64_t value);
  void Merge(const Histogram& other);
  void Clear();

  std::uint64_t count() const { return count_; }
  // The largest value that cannot be told from the largest one recorded; 0 when there is none.
  std::uint64_t Max() const;
  double Mean() const;
  double StandardDeviation() const;

  // The value that `percentile` percent of the values do not exceed; 0 when there is none.
  std::uint64_t ValueAt(double percentile) const;
  // The value of the `rank`th smallest, from 1; the largest when there are fewer.
  std::uint64_t ValueAtRank(std::uint64_t rank) const;

  // For those who go through the counts: how many there are, each count, and the largest value that
  // is counted there.
  std::size_t slots() const { return counts_.size(); }
  std::uint64_t CountIn(std::size_t slot) const { return counts_[slot]; }
  static std::uint64_t LargestIn(std::size_t slot);

 private:
  void Allocate();

  std::vector<std::uint64_t> counts_;  // empty until there is something to count
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
  std::size_t used_ = 0;  // slots from here on are 0
};

// The rank that `percentile` percent of `count` values amounts to: 1 to count.
std::uint64_t RankOf(double percentile, std::uint64_t count);

}  // namespace sampleproc::loadtest

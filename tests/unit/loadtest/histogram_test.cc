#include "loadtest/histogram.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "loadtest/percentile_text.h"

namespace sampleproc::loadtest {
namespace {

TEST_CASE("an empty histogram answers with zeros") {
  const Histogram histogram;
  CHECK(histogram.count() == 0);
  CHECK(histogram.ValueAt(99) == 0);
  CHECK(histogram.Max() == 0);
  CHECK(histogram.Mean() == 0);
  CHECK(histogram.StandardDeviation() == 0);
}

TEST_CASE("small values are kept exactly, large ones to a thousandth") {
  for (const std::uint64_t value :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2047}, std::uint64_t{2048},
        std::uint64_t{1'000'003}, std::uint64_t{59'999'999'999}, Histogram::kMax}) {
    CAPTURE(value);
    Histogram histogram;
    histogram.Record(value);
    CHECK(histogram.ValueAt(50) >= value);
    CHECK(histogram.ValueAt(50) <= value + value / 1000);
    CHECK(histogram.Max() == histogram.ValueAt(100));
  }
}

TEST_CASE("a value over an hour counts as an hour") {
  Histogram histogram;
  histogram.Record(Histogram::kMax * 5);
  Histogram hour;
  hour.Record(Histogram::kMax);
  CHECK(histogram.Max() == hour.Max());
}

TEST_CASE("percentiles are those of the sorted values, to a thousandth") {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> spread(13, 2);
  std::vector<std::uint64_t> values;
  Histogram histogram;
  for (int i = 0; i < 50'000; ++i) {
    values.push_back(static_cast<std::uint64_t>(spread(random)));
    histogram.Record(values.back());
  }
  std::ranges::sort(values);
  for (const double percentile : {0.0, 1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
    CAPTURE(percentile);
    const std::uint64_t exact = values[RankOf(percentile, values.size()) - 1];
    CHECK(histogram.ValueAt(percentile) >= exact);
    CHECK(histogram.ValueAt(percentile) <= exact + exact / 1000);
  }
}

TEST_CASE("ranks do not slip over a percentile that has no exact double") {
  CHECK(RankOf(99.9, 1000) == 999);
  CHECK(RankOf(50, 2) == 1);
  CHECK(RankOf(50, 3) == 2);
  CHECK(RankOf(0, 10) == 1);
  CHECK(RankOf(100, 10) == 10);
  CHECK(RankOf(100, 0) == 1);
}

TEST_CASE("merged histograms are the histogram of all values") {
  Histogram all;
  Histogram parts[3];
  std::mt19937_64 random(3);
  for (int i = 0; i < 3'000; ++i) {
    const std::uint64_t value = random() % 1'000'000'000;
    all.Record(value);
    parts[i % 3].Record(value);
  }
  Histogram merged;
  for (const Histogram& part : parts) merged.Merge(part);
  CHECK(PercentileText(merged, 1) == PercentileText(all, 1));
  merged.Clear();
  CHECK(merged.count() == 0);
  CHECK(merged.ValueAt(99) == 0);
  merged.Merge(all);
  CHECK(PercentileText(merged, 1) == PercentileText(all, 1));
}

TEST_CASE("the percentile text has HdrHistogram's columns") {
  Histogram histogram;
  for (std::uint64_t value = 1; value <= 4; ++value) histogram.Record(value * 1'000'000);
  CHECK(PercentileText(histogram, 1e6) ==
        "       Value     Percentile TotalCount 1/(1-Percentile)\n"
        "\n"
        "       1.000 0.000000000000          1           1.00\n"
        "       1.000 0.100000000000          1           1.11\n"
        "       1.000 0.200000000000          1           1.25\n"
        "       2.001 0.300000000000          2           1.43\n"
        "       2.001 0.400000000000          2           1.67\n"
        "       2.001 0.500000000000          2           2.00\n"
        "       3.000 0.550000000000          3           2.22\n"
        "       3.000 0.600000000000          3           2.50\n"
        "       3.000 0.650000000000          3           2.86\n"
        "       3.000 0.700000000000          3           3.33\n"
        "       3.000 0.750000000000          3           4.00\n"
        "       4.002 0.775000000000          4           4.44\n"
        "       4.002 1.000000000000          4\n"
        "#[Mean    =        2.500, StdDeviation   =        1.118]\n"
        "#[Max     =        4.002, Total count    =            4]\n"
        "#[Buckets =           32, SubBuckets     =         2048]\n");
}

}  // namespace
}  // namespace sampleproc::loadtest

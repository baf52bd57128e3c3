#include "loadtest/percentile_text.h"

#include <cmath>

#include "loadtest/numbers.h"

namespace sampleproc::loadtest {
namespace {

constexpr double kRowsPerHalving = 5;

// How far the next row is from one at `level` percent.
double StepAfter(double level) {
  const double halvings = std::floor(std::log2(100.0 / (100.0 - level))) + 1;
  return 100.0 / (kRowsPerHalving * std::exp2(halvings));
}

// "      12.345 0.500000000000       1234           2.00"
void AppendRow(double value, double level, std::uint64_t count, std::string& out) {
  out += PadLeft(FormatFixed(value, 3), 12) + " " + FormatFixed(level / 100, 12) + " " +
         PadLeft(std::to_string(count), 10);
  if (level < 100) out += " " + PadLeft(FormatFixed(1 / (1 - level / 100), 2), 14);
  out += "\n";
}

// "#[Mean    =       12.345, StdDeviation   =        1.234]"
void AppendSummary(std::string_view first, const std::string& value, std::string_view second,
                   const std::string& other, std::string& out) {
  out.append("#[").append(first).append(" = ").append(PadLeft(value, 12));
  out.append(", ").append(second).append(" = ").append(PadLeft(other, 12)).append("]\n");
}

}  // namespace

std::string PercentileText(const Histogram& histogram, double scale) {
  std::string out = "       Value     Percentile TotalCount 1/(1-Percentile)\n\n";
  const std::uint64_t count = histogram.count();
  double level = 0;
  std::uint64_t seen = 0;
  for (std::size_t slot = 0; slot < histogram.slots() && seen < count; ++slot) {
    if (histogram.CountIn(slot) == 0) continue;
    seen += histogram.CountIn(slot);
    const double value = static_cast<double>(Histogram::LargestIn(slot)) / scale;
    const double reached = 100.0 * static_cast<double>(seen) / static_cast<double>(count);
    while (level < 100 && reached >= level) {
      AppendRow(value, level, seen, out);
      level += StepAfter(level);
      if (seen == count) break;  // all that is left are rows of this same value
    }
    if (seen == count) AppendRow(value, 100, seen, out);
  }
  AppendSummary("Mean   ", FormatFixed(histogram.Mean() / scale, 3), "StdDeviation  ",
                FormatFixed(histogram.StandardDeviation() / scale, 3), out);
  AppendSummary("Max    ", FormatFixed(static_cast<double>(histogram.Max()) / scale, 3),
                "Total count   ", std::to_string(count), out);
  AppendSummary("Buckets", std::to_string(histogram.slots() / 1024), "SubBuckets    ", "2048", out);
  return out;
}

}  // namespace sampleproc::loadtest

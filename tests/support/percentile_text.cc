// Reads whole numbers from standard input and writes their percentile text to standard output, so
// that another implementation can be held against ours.
#include "loadtest/percentile_text.h"

#include <iostream>

int main() {
  sampleproc::loadtest::Histogram histogram;
  std::uint64_t value = 0;
  while (std::cin >> value) histogram.Record(value);
  std::cout << sampleproc::loadtest::PercentileText(histogram, 1e6);
}

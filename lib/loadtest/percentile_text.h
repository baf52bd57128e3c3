// A histogram as the text that HdrHistogram writes and its plotters read (".hgrm").
#pragma once

#include <string>

#include "loadtest/histogram.h"

namespace sampleproc::loadtest {

// Values are divided by `scale`: 1e6 makes milliseconds of nanoseconds. Five rows for each halving
// of the distance to 100 %, as HdrHistogram's outputPercentileDistribution has by default.
std::string PercentileText(const Histogram& histogram, double scale);

}  // namespace sampleproc::loadtest

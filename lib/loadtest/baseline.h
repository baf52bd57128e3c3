// Whether a run is slower than an earlier one, beyond chance.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "loadtest/runner.h"

namespace sampleproc::loadtest {

// The seconds of an earlier run are compared with those of this one, each second one observation,
// by the Mann-Whitney U test (two-sided, normal approximation with ties corrected). A difference
// counts when chance would show one as large in fewer than one of a hundred pairs of equal runs,
// and the medians are at least five percent apart: a difference that is sure but small is none.
struct Comparison {
  enum class Outcome { kSame, kSlower, kFaster };
  std::string metric;  // "p50" or "p99"
  double old_ms = 0;   // the median of the seconds
  double new_ms = 0;
  double chance = 1;  // of a difference as large between equal runs
  Outcome outcome = Outcome::kSame;
};

std::string_view OutcomeName(Comparison::Outcome outcome);  // "same" "slower" "faster"

// The two-sided p-value of the Mann-Whitney U test. Neither may be empty.
double MannWhitney(const std::vector<double>& a, const std::vector<double>& b);

// The seconds of a result as JSON. Fails with kUsage when `json` is none.
base::Result<std::vector<Second>> ParseBaseline(std::string json);

// By p50 and by p99. The first second (connections are made) and the last (a part of one) are left
// out. Fails with kUsage when fewer than eight seconds are left of either.
base::Result<std::vector<Comparison>> Compare(const std::vector<Second>& old_run,
                                              const std::vector<Second>& new_run);

// "p50 1.2 ms, was 1.1 ms: slower (by chance in 0.1 % of equal runs)"
std::string Describe(const Comparison& comparison);

}  // namespace sampleproc::loadtest

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
//
// So it is of p50 and p99, where a request that failed is slower than any other, and of the good
// answers a second. Of failures a second's share of its requests is compared, and the means must be
// a tenth of a percent apart.
struct Comparison {
  enum class Outcome { kSame, kSlower, kFaster };
  std::string metric;    // "p50" "p99" (ms) "rate" (a second) "errors" (percent)
  double old_value = 0;  // the median of the seconds; of errors their mean; may be infinite
  double new_value = 0;
  double chance = 1;                 // of a difference as large between equal runs
  Outcome outcome = Outcome::kSame;  // of errors: more, fewer
};

// "same" "slower" "faster", of errors "more" "fewer".
std::string_view OutcomeName(const Comparison& comparison);

// The two-sided p-value of the Mann-Whitney U test. Neither may be empty.
double MannWhitney(const std::vector<double>& a, const std::vector<double>& b);

// What an earlier run has to say.
struct Baseline {
  std::string target;
  std::string load;
  std::string loop;  // "open" "closed"
  std::string verdict;
  std::vector<Second> seconds;
};

// Of a result as JSON. Fails with kUsage when `json` is none, when that run was INVALID, and when
// its loop was another one than `closed` says: such runs cannot be compared.
base::Result<Baseline> ParseBaseline(std::string json, bool closed);

// By p50, p99 and errors, and by the rate when both had the same load. The first second
// (connections are made) and the last (a part of one) are left out. Fails with kUsage when fewer
// than eight seconds are left of either.
base::Result<std::vector<Comparison>> Compare(const std::vector<Second>& old_run,
                                              const std::vector<Second>& new_run, bool same_load);

// "p50 1.2 ms, was 1.1 ms: slower (by chance in 0.1 % of equal runs)"
std::string Describe(const Comparison& comparison);

}  // namespace sampleproc::loadtest

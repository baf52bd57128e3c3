// Whether a run is slower than an earlier one, beyond chance.
#pragma once

#include <limits>
#include <optional>
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
// a tenth of a percent apart. A second in which requests were open and none was finished counts as
// slower than any other, with a rate of 0.
//
// A stall of a few seconds moves no median. So p99 and p99.9 of all requests are compared, too, by
// their size: a difference counts when ten requests or more differ by the factor and by the time
// that Describe tells.
struct Comparison {
  enum class Outcome { kSame, kSlower, kFaster };
  // Of the seconds "p50" "p99" (ms) "rate" (a second) "errors" (percent), of all requests "run_p99"
  // "run_p999" (ms).
  std::string metric;
  double old_value = 0;  // the median of the seconds; of errors their mean; may be infinite
  double new_value = 0;
  // Of a difference as large between equal runs; nothing for what is compared by its size.
  std::optional<double> chance = {};
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
  double elapsed_s = std::numeric_limits<double>::quiet_NaN();  // NaN when it is not known
  std::vector<Second> seconds;
  // Of all requests; infinite when it is that of one that failed, NaN when it is not known.
  double p99_ms = std::numeric_limits<double>::quiet_NaN();
  double p999_ms = std::numeric_limits<double>::quiet_NaN();
};

// Of a result as JSON. Fails with kUsage when `json` is none, when that run was INVALID, and when
// its loop was another one than `closed` says: such runs cannot be compared.
base::Result<Baseline> ParseBaseline(std::string json, bool closed);

// Whether a run that is still to be made can be compared with `old_run`: of the same path, through
// the same door, and both of ten seconds or more. `path` is the end of `target`, "" of a stream;
// `length` is 0 when only the run's end will tell. Fails with kUsage. Another host is no reason.
base::Result<void> MayCompare(const Baseline& old_run, std::string_view target,
                              std::string_view path, std::chrono::nanoseconds length);

// By p50, p99 and errors, and by the rate when both had the same load. The first second
// (connections are made) and the last (a part of one) are left out. Fails with kUsage when fewer
// than eight seconds are left of either.
base::Result<std::vector<Comparison>> Compare(const std::vector<Second>& old_run,
                                              const std::vector<Second>& new_run, bool same_load);

// By p99 and p99.9 of all requests; those that are not known of both, or are of twenty requests or
// fewer, are left out.
std::vector<Comparison> CompareRuns(const Baseline& old_run, const Measurement& new_run);

// "p50 (median of the seconds) 1.2 ms, was 1.1 ms: slower (equal runs differ so in 0.1 %)"
std::string Describe(const Comparison& comparison);

}  // namespace sampleproc::loadtest

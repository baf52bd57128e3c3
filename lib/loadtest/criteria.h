// What a run has to hold: 'p99<80ms,errors<0.1%'.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "loadtest/runner.h"

namespace sampleproc::loadtest {

struct Criterion {
  enum class Subject {
    kPercentile,  // corrected latency in ms, failures slower than anything
    kMax,         // the same of the slowest
    kMean,        // the same of all
    kErrors,      // share of finished requests, in percent, or their number
    kRate,        // good answers a second
  };
  Subject subject = Subject::kPercentile;
  double percentile = 0;
  bool is_share = false;  // of kErrors
  bool below = true;      // < or <=, else > or >=
  bool or_equal = false;
  double limit = 0;
  std::string text;  // as it was written
};

struct Judgement {
  Criterion criterion;
  double measured = 0;  // in the criterion's unit; may be infinite
  bool holds = false;
};

// Criteria are separated by commas: SUBJECT OPERATOR LIMIT, where SUBJECT is p50 p90 p99.9 (any
// percentile), max, mean, errors or rate; OPERATOR is < <= > >=; LIMIT a time with its unit (us ms
// s), for errors a percentage or a number, for rate a number. Fails with kUsage.
base::Result<std::vector<Criterion>> ParseCriteria(std::string_view text);

// Each criterion in its order. Requests that are unanswered when `measured` ends count in latencies
// with the time that they have waited, where that makes a latency longer.
std::vector<Judgement> Judge(const std::vector<Criterion>& criteria, const Measurement& measured,
                             double achieved_rate);

bool AllHold(const std::vector<Judgement>& judgements);

// "p99 < 80ms: 12.3 ms", for people.
std::string Describe(const Judgement& judgement);

}  // namespace sampleproc::loadtest

// What a run amounts to.
#pragma once

#include <string>
#include <vector>

#include "loadtest/criteria.h"
#include "loadtest/runner.h"

namespace sampleproc::loadtest {

enum class Verdict {
  kPass,
  kFail,     // a criterion was missed
  kInvalid,  // the generator itself was the limit: the numbers say nothing about the target
};

std::string_view VerdictName(Verdict verdict);  // "pass" "fail" "invalid"

// What of the generator was the limit: a sentence for each of send lag, CPU and sockets. Empty for
// a run whose numbers are the target's.
//
//   send lag  its 99th percentile is over `max_send_lag` and over 5 % of the corrected latency's
//   CPU       in a run of a second or more a thread wanted a core for over 97 % of the time, or
//             waited for one for over 40 %
//   sockets   this machine had none left for a connection
std::vector<std::string> GeneratorLimits(const RunResult& result,
                                         std::chrono::nanoseconds max_send_lag);

Verdict Decide(const std::vector<std::string>& limits, const std::vector<Judgement>& judgements);

}  // namespace sampleproc::loadtest

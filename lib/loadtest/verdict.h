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

// What of the generator was the limit, and why: a sentence for each. Empty for a run whose numbers
// are the target's, however busy the machine was.
//
//   send lag  in an open loop, one request in a hundred, but ten at least (half of all when there
//             are fewer than twenty), was late by over 5 % of the corrected 99th percentile and by
//             over `max_send_lag`, or over a tenth of that when the generator had too
//             little CPU as below.
//             The sentence says whether the thread itself was busy, waited for a core that others
//             used, for Redis's answers, or nothing of these (the machine stood still)
//   read lag  the same of answers that were there and waited to be read, in both loops
//   CPU       in a closed loop of a second or more, which has no lag to show it, a thread used or
//             wanted a core for over 97 % of the time, or waited for one for over 20 %, in which it
//             could have sent and received. In an open loop of that length a thread used a core
//             for over 97 % of the time, or used and wanted one for so long while requests waited
//             for a connection or answers fell behind; not when the latency as a whole is within
//             the delay that is allowed
//   sockets   this machine had none left for a connection, or, in an open loop for which nobody has
//             chosen how many connections there are, so many requests as above waited for one
std::vector<std::string> GeneratorLimits(const RunResult& result, bool closed,
                                         std::chrono::nanoseconds max_send_lag);

// What of a stream's frames did not come back once, as what they should, and in order; or could not
// be put on the stream: "2 duplicate, 3 lost", "" when all did. No share of such frames is right,
// so it is a failure whatever the criteria say. Frames that are late are left to those.
std::string LedgerProblem(const Measurement& total);

// The same delay when it is no limit, but over a quarter of what is shown as the target's latency;
// else "".
std::string GeneratorNote(const RunResult& result, bool closed);

Verdict Decide(const std::vector<std::string>& limits, const std::vector<Judgement>& judgements);

}  // namespace sampleproc::loadtest

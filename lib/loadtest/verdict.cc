#include "loadtest/verdict.h"

#include "loadtest/numbers.h"

namespace sampleproc::loadtest {
namespace {

constexpr double kLagShare = 0.05;
constexpr double kCoreShare = 0.97;
constexpr double kWaitShare = 0.4;
constexpr double kLeastSeconds = 1;  // below, a share of CPU time says nothing

}  // namespace

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "pass";
    case Verdict::kFail:
      return "fail";
    case Verdict::kInvalid:
      break;
  }
  return "invalid";
}

std::vector<std::string> GeneratorLimits(const RunResult& result,
                                         std::chrono::nanoseconds max_send_lag) {
  std::vector<std::string> limits;
  const double lag = Milliseconds(result.total.send_lag.ValueAt(99));
  const double latency = Milliseconds(result.total.corrected.ValueAt(99));
  if (lag > std::chrono::duration<double, std::milli>(max_send_lag).count() &&
      lag > kLagShare * latency) {
    limits.push_back("send lag: one request in a hundred was sent " + FormatNumber(lag) +
                     " ms late or later; use a lower rate, more --threads, or a less busy machine");
  }
  const GeneratorUse& use = result.generator;
  const bool is_starved = use.wanted > kCoreShare || use.wanted - use.cpu > kWaitShare;
  if (is_starved && result.elapsed_s >= kLeastSeconds) {
    limits.push_back("CPU: a thread of the generator used " + FormatNumber(100 * use.cpu) +
                     " % of a core and wanted " + FormatNumber(100 * use.wanted) +
                     " %; use a lower rate, more --threads, or a machine apart from the target's");
  }
  if (const auto at = result.total.errors.find(failure::kNoSocket);
      at != result.total.errors.end()) {
    limits.push_back("sockets: " + std::to_string(at->second) +
                     " connections could not be opened by this machine; raise the file limit "
                     "(ulimit -n) or keep connections alive");
  }
  return limits;
}

Verdict Decide(const std::vector<std::string>& limits, const std::vector<Judgement>& judgements) {
  if (!limits.empty()) return Verdict::kInvalid;
  return AllHold(judgements) ? Verdict::kPass : Verdict::kFail;
}

}  // namespace sampleproc::loadtest

#include "loadtest/verdict.h"

#include <algorithm>

#include "loadtest/numbers.h"

namespace sampleproc::loadtest {
namespace {

constexpr double kLagShare = 0.05;
constexpr double kNotedShare = 0.25;
constexpr double kCoreShare = 0.97;
constexpr double kBusyShare = 0.9;
constexpr double kWaitShare = 0.2;
constexpr double kSomeWait = 0.05;
constexpr double kPressedShare = 0.1;  // of the lag that is allowed else
constexpr double kKeptUp = 0.95;       // of what was due, answered in time
constexpr double kLeastSeconds = 1;    // below, a share of CPU time says nothing

bool HasTooLittleCpu(const RunResult& result) {
  const GeneratorUse& use = result.generator;
  return result.elapsed_s >= kLeastSeconds &&
         (use.wanted > kCoreShare || use.wanted - use.cpu > kWaitShare);
}

// So many must be late: one in a hundred, but ten at least, or half of those of a run that has not
// twenty. One bad moment of the machine is none of ten.
std::uint64_t LateRequests(std::uint64_t requests) {
  return std::max(requests / 100, std::min<std::uint64_t>(10, (requests + 1) / 2));
}

// Whether `lag` is one that matters: how many were late, and by how much; else "".
std::string Lateness(const Histogram& lag, double allowed_ms, double latency_ms) {
  const std::uint64_t late = LateRequests(lag.count());
  if (late == 0) return "";
  const double least = Milliseconds(lag.ValueAtRank(lag.count() - late + 1));
  if (least <= allowed_ms || least <= kLagShare * latency_ms) return "";
  return std::to_string(late) + " of " + std::to_string(lag.count()) + " requests " +
         FormatNumber(least) + " ms late or later; ";
}

// Whether an open loop's thread had no time left, so that what it measured may be its own delay.
bool HadNoTime(const RunResult& result) {
  const bool fell_behind =
      result.total.waited > 0 || result.achieved_rate < kKeptUp * result.intended_rate;
  return result.elapsed_s >= kLeastSeconds &&
         (result.generator.cpu > kCoreShare ||
          (result.generator.wanted > kCoreShare && fell_behind));
}

std::string Percent(double share) { return FormatNumber(100 * share) + " %"; }

// Why the generator was late, and what helps.
std::string Cause(const RunResult& result) {
  const GeneratorUse& use = result.generator;
  const std::uint64_t in_turn = result.sends_in_turn ? result.total.waited : 0;
  if (in_turn > 0 && in_turn >= LateRequests(result.total.intended)) {
    return std::to_string(in_turn) +
           " frames were due while it waited for Redis's answers to those before; use a lower "
           "rate, or a generator that Redis answers sooner";
  }
  const double waited = use.wanted - use.cpu;
  if (use.cpu > kBusyShare) {
    return "its thread used " + Percent(use.cpu) +
           " of a core and can do no more; use a lower rate or more --threads";
  }
  if (waited > kSomeWait) {
    return "its thread used " + Percent(use.cpu) + " of a core and waited for one for another " +
           Percent(waited) +
           " of the time, because other programs (on one machine the target, too) used them; use a "
           "less busy machine, one apart from the target's, or start it with chrt --rr 1";
  }
  return "its thread was neither busy (" + Percent(use.cpu) +
         " of a core) nor waiting for a core, so the machine itself stood still, as a virtual one "
         "does; use another";
}

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

std::vector<std::string> GeneratorLimits(const RunResult& result, bool closed,
                                         std::chrono::nanoseconds max_send_lag) {
  std::vector<std::string> limits;
  const bool is_pressed = HasTooLittleCpu(result);
  const double latency = Milliseconds(result.total.corrected.ValueAt(99));
  const double most = std::chrono::duration<double, std::milli>(max_send_lag).count();
  const double allowed = is_pressed ? kPressedShare * most : most;
  const std::string sent = closed ? "" : Lateness(result.total.send_lag, allowed, latency);
  const std::string read = Lateness(result.total.read_lag, allowed, latency);
  if (!sent.empty()) {
    limits.push_back("send lag: the generator came to " + sent + Cause(result));
  }
  if (!read.empty()) {
    limits.push_back("read lag: the generator read the answers to " + read + Cause(result));
  }
  if (closed ? is_pressed : latency > allowed && HadNoTime(result)) {
    limits.push_back("CPU: " + Cause(result));
  }
  if (const auto at = result.total.errors.find(failure::kNoSocket);
      at != result.total.errors.end()) {
    limits.push_back("sockets: " + std::to_string(at->second) +
                     " connections could not be opened by this machine; raise the file limit "
                     "(ulimit -n) or keep connections alive");
  }
  const std::uint64_t waited = result.total.waited;
  if (!closed && result.connection_limit > 0 && waited > 0 &&
      waited >= LateRequests(result.total.intended)) {
    limits.push_back("sockets: " + std::to_string(waited) + " requests were due while all " +
                     std::to_string(result.connection_limit) +
                     " connections that this machine's file limit allows were in use; raise it "
                     "(ulimit -n), or choose with -c how many connections the clients have");
  }
  return limits;
}

std::string LedgerProblem(const Measurement& total) {
  std::string text;
  for (const std::string_view type : ledger::kViolations) {
    const auto at = total.errors.find(type);
    if (at == total.errors.end()) continue;
    text.append(text.empty() ? "" : ", ").append(std::to_string(at->second)).append(" ");
    text.append(type);
  }
  return text;
}

std::string GeneratorNote(const RunResult& result, bool closed) {
  const double lag = Milliseconds(result.total.send_lag.ValueAt(99));
  const double latency = Milliseconds(result.total.corrected.ValueAt(99));
  if (closed || latency == 0 || lag <= kNotedShare * latency) return "";
  return "The generator's own delay is a large part of these latencies: send lag p99 " +
         FormatNumber(lag) + " ms beside " + FormatNumber(latency) + " ms. The target is faster.";
}

Verdict Decide(const std::vector<std::string>& limits, const std::vector<Judgement>& judgements) {
  if (!limits.empty()) return Verdict::kInvalid;
  return AllHold(judgements) ? Verdict::kPass : Verdict::kFail;
}

}  // namespace sampleproc::loadtest

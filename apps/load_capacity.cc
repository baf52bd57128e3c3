#include <ostream>

#include "apps/load_setup.h"
#include "config/units.h"
#include "loadtest/capacity.h"
#include "loadtest/capacity_report.h"
#include "loadtest/numbers.h"

namespace sampleproc::apps {
namespace {

using base::Result;
using Step = loadtest::CapacityReport::Step;

// A target that answers less than this of what is due cannot keep up, however fast it answers.
constexpr double kLeastAchieved = 0.95;
constexpr std::uint64_t kAnswersAtRest = 3;
constexpr std::chrono::minutes kLongestRest{2};
constexpr std::chrono::seconds kRefused{5};
constexpr std::string_view kNoAnswer[] = {loadtest::failure::kConnect, loadtest::failure::kClosed,
                                          loadtest::failure::kReset, loadtest::failure::kTimeout,
                                          loadtest::failure::kTls};

Step Summarise(double rate, const loadtest::RunResult& result,
               const std::vector<loadtest::Criterion>& criteria) {
  Step step{.rate = rate,
            .achieved = result.achieved_rate,
            .p50_ms = result.total.PercentileOfAll(result.total.corrected, 50),
            .p99_ms = result.total.PercentileOfAll(result.total.corrected, 99),
            .errors = result.total.ErrorCount()};
  step.holds = AllHold(loadtest::Judge(criteria, result.total, result.achieved_rate)) &&
               result.achieved_rate >= kLeastAchieved * result.intended_rate &&
               loadtest::LedgerProblem(result.total).empty();
  return step;
}

// What a step left behind must not be the next one's: waits until the target answers requests one
// after another again, whatever it says. Fails when it has not within kLongestRest, or refused each
// connection for kRefused; "" when all is well. A stream's load ends when nothing is left of it.
Result<std::string> AwaitRest(const LoadSetup& setup) {
  if (setup.stream) return "";
  loadtest::RunPlan one = setup.plan.run;
  one.threads = 1;
  one.make_pacer = nullptr;
  one.loop.closed = true;
  one.loop.hold_connections = false;
  one.loop.connections = 1;
  one.loop.requests = kAnswersAtRest;
  one.loop.duration = {};
  const base::Deadline end(base::SystemClock(), kLongestRest);
  const base::Deadline refused_end(base::SystemClock(), kRefused);
  bool was_there = false;
  while (!setup.stop.Cancelled()) {
    const auto result = setup.Run(one, [](const auto&, const auto&) { return true; });
    if (!result) return std::unexpected(result.error());
    std::uint64_t missing = 0;
    for (const auto type : kNoAnswer) {
      const auto at = result->total.errors.find(type);
      if (at == result->total.errors.end()) continue;
      missing += at->second;
      was_there = was_there || type == loadtest::failure::kTimeout;
    }
    if (missing == 0) return "";
    if (!was_there && refused_end.Expired()) return "the target is gone: nothing answers there";
    if (end.Expired()) return "the target does not answer any more";
  }
  return "";
}

}  // namespace

Result<ExitCode> FindCapacity(const LoadSetup& setup, CommandContext& context) {
  loadtest::CapacityReport report;
  report.target = setup.Name();
  report.criteria = setup.options.find_capacity;
  report.started = setup.started;
  loadtest::CapacitySearch::Options options;
  if (!setup.options.rate.empty()) {
    options.first = config::ParseReal(setup.options.rate).value_or(options.first);
  }
  loadtest::CapacitySearch search(options);
  while (const auto rate = search.Next()) {
    LoadtestOptions at_rate = setup.options;
    at_rate.rate = config::FormatReal(*rate);
    auto plan = PlanLoad(at_rate);
    if (!plan) return std::unexpected(plan.error());
    plan->run.loop.address = setup.plan.run.loop.address;
    plan->run.make_maker = setup.plan.run.make_maker;
    const auto result = setup.Run(plan->run, [](const auto&, const auto&) { return true; });
    if (!result) return std::unexpected(result.error());
    report.stopped = setup.stop.Cancelled();
    if (report.stopped) break;
    report.steps.push_back(Summarise(*rate, *result, setup.criteria));
    const Step& step = report.steps.back();
    if (!setup.options.quiet) {
      context.err << loadtest::FormatNumber(step.rate) << "/s "
                  << (step.holds ? "holds" : "does not hold") << "\n"
                  << std::flush;
    }
    report.limits = loadtest::GeneratorLimits(*result, false, setup.plan.max_send_lag);
    if (!report.limits.empty()) break;
    search.Tell(step.holds);
    auto problem = AwaitRest(setup);
    if (!problem) return std::unexpected(problem.error());
    report.stopped = setup.stop.Cancelled();
    if (report.stopped) break;
    if (problem->empty()) continue;
    report.problem =
        *problem + " after " + loadtest::FormatNumber(*rate) + "/s; " +
        (search.capacity() > 0 ? loadtest::FormatNumber(search.capacity()) + "/s held before"
                               : "no rate had held");
    break;
  }
  report.capacity = report.problem.empty() ? search.capacity() : 0;
  if (!report.limits.empty()) {
    report.verdict = loadtest::Verdict::kInvalid;
  } else if (report.capacity == 0) {
    report.verdict = loadtest::Verdict::kFail;
  }
  if (setup.options.json != "-") context.out << loadtest::TextReport(report) << std::flush;
  if (!setup.options.json.empty()) {
    const auto done =
        WriteResult(setup.options.json, loadtest::JsonReport(report), setup.stop, context);
    if (!done) return std::unexpected(done.error());
  }
  return CodeOf(report.verdict);
}

}  // namespace sampleproc::apps

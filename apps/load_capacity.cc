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

Step Summarise(double rate, const loadtest::RunResult& result,
               const std::vector<loadtest::Criterion>& criteria) {
  Step step{.rate = rate,
            .achieved = result.achieved_rate,
            .p50_ms = result.total.PercentileOfAll(result.total.corrected, 50),
            .p99_ms = result.total.PercentileOfAll(result.total.corrected, 99),
            .errors = result.total.ErrorCount()};
  step.holds = AllHold(loadtest::Judge(criteria, result.total, result.achieved_rate)) &&
               result.achieved_rate >= kLeastAchieved * result.intended_rate;
  return step;
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
                  << (step.holds ? "holds" : "does not hold") << std::endl;
    }
    report.limits = loadtest::GeneratorLimits(*result, false, setup.plan.max_send_lag);
    if (!report.limits.empty()) break;
    search.Tell(step.holds);
  }
  report.capacity = search.capacity();
  if (!report.limits.empty()) {
    report.verdict = loadtest::Verdict::kInvalid;
  } else if (report.capacity == 0) {
    report.verdict = loadtest::Verdict::kFail;
  }
  if (setup.options.json != "-") context.out << loadtest::TextReport(report) << std::flush;
  if (!setup.options.json.empty()) {
    const auto done = WriteResult(setup.options.json, loadtest::JsonReport(report), context);
    if (!done) return std::unexpected(done.error());
  }
  return CodeOf(report.verdict);
}

}  // namespace sampleproc::apps

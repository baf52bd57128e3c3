#include <unistd.h>

#include <ostream>

#include "apps/load_progress.h"
#include "apps/load_setup.h"
#include "loadtest/html_report.h"
#include "loadtest/percentile_text.h"
#include "loadtest/report.h"

namespace sampleproc::apps {
namespace {

using base::Result;

// Before, one slow answer is a large share.
constexpr std::uint64_t kLeastToAbort = 100;
constexpr std::uint64_t kSecondsToAbort = 3;

LoadProgress::Kind ProgressKind(const LoadtestOptions& options, bool dumb) {
  if (options.quiet) return LoadProgress::Kind::kNone;
  return !dumb && ::isatty(STDERR_FILENO) == 1 ? LoadProgress::Kind::kTerminal
                                               : LoadProgress::Kind::kLines;
}

// Whether the run goes on after a second.
bool GoesOn(const LoadSetup& setup, const loadtest::Second& second,
            const loadtest::Measurement& total) {
  const std::uint64_t seconds = second.second + 1;
  if (!setup.options.abort_on_fail || seconds < kSecondsToAbort ||
      total.Finished() < kLeastToAbort) {
    return true;
  }
  const double rate = static_cast<double>(total.good) / static_cast<double>(seconds);
  return AllHold(loadtest::Judge(setup.criteria, total, rate));
}

Result<void> WriteOutputs(const LoadtestOptions& options, const loadtest::Report& report,
                          CommandContext& context) {
  if (options.json != "-" && options.html != "-") {
    context.out << loadtest::TextReport(report) << std::flush;
  }
  if (!options.json.empty()) {
    const auto done = WriteResult(options.json, loadtest::JsonReport(report), context);
    if (!done) return done;
  }
  if (!options.html.empty()) {
    const auto done = WriteResult(options.html, loadtest::HtmlReport(report), context);
    if (!done) return done;
  }
  if (options.percentiles.empty()) return {};
  return WriteResult(options.percentiles,
                     loadtest::PercentileText(report.result.total.corrected, 1e6), context);
}

}  // namespace

Result<ExitCode> RunOnce(const LoadSetup& setup, CommandContext& context) {
  auto result = [&setup, &context] {
    LoadProgress progress(context.err, ProgressKind(setup.options, context.dumb));
    return loadtest::RunLoad(setup.plan.run, setup.stop,
                             [&setup, &progress](const auto& second, const auto& total) {
                               progress.Show(second, total);
                               return GoesOn(setup, second, total);
                             });
  }();
  if (!result) return std::unexpected(result.error());
  std::vector<loadtest::Comparison> comparisons;
  if (!setup.baseline.empty()) {
    auto compared = loadtest::Compare(setup.baseline, result->seconds);
    if (!compared) return std::unexpected(compared.error());
    comparisons = std::move(*compared);
  }
  loadtest::Report report = loadtest::MakeReport(
      std::move(*result),
      {setup.criteria, std::move(comparisons), setup.options.closed, setup.plan.max_send_lag});
  report.target = setup.Name();
  report.load = setup.plan.description + setup.payload->Description();
  report.started = setup.started;
  const auto done = WriteOutputs(setup.options, report, context);
  if (!done) return std::unexpected(done.error());
  return CodeOf(report.verdict);
}

}  // namespace sampleproc::apps

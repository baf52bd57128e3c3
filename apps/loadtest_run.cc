#include "apps/loadtest_run.h"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <ostream>

#include "apps/config_options.h"
#include "apps/interrupts.h"
#include "apps/load_payload.h"
#include "apps/load_plan.h"
#include "apps/load_progress.h"
#include "loadtest/html_report.h"
#include "loadtest/percentile_text.h"
#include "loadtest/report.h"
#include "loadtest/target.h"

namespace sampleproc::apps {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

constexpr std::chrono::seconds kConnectPatience{10};

ExitCode Complain(CommandContext& context, const base::Error& error) {
  if (error.code == ErrorCode::kUsage) return UsageError(context.err, error.message, "loadtest");
  context.err << "sampleproc: " << error.message << "\n";
  return ExitCodeOf(error.code);
}

Result<void> WriteFile(const std::string& path, std::string_view text, CommandContext& context) {
  if (path == "-") {
    context.out << text << std::flush;
    return {};
  }
  std::ofstream file(path, std::ios::binary);
  file << text << std::flush;
  if (!file) return Fail(ErrorCode::kIo, "cannot write " + path);
  return {};
}

void RaiseFileLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

LoadProgress::Kind ProgressKind(const LoadtestOptions& options) {
  if (options.quiet) return LoadProgress::Kind::kNone;
  return ::isatty(STDERR_FILENO) == 1 ? LoadProgress::Kind::kTerminal : LoadProgress::Kind::kLines;
}

ExitCode CodeOf(loadtest::Verdict verdict) {
  switch (verdict) {
    case loadtest::Verdict::kPass:
      return ExitCode::kOk;
    case loadtest::Verdict::kFail:
      return ExitCode::kThresholdMissed;
    case loadtest::Verdict::kInvalid:
      break;
  }
  return ExitCode::kInvalidRun;
}

Result<void> WriteOutputs(const LoadtestOptions& options, const loadtest::Report& report,
                          CommandContext& context) {
  if (options.json != "-" && options.html != "-")
    context.out << loadtest::TextReport(report) << std::flush;
  if (!options.json.empty()) {
    const auto done = WriteFile(options.json, loadtest::JsonReport(report), context);
    if (!done) return done;
  }
  if (!options.html.empty()) {
    const auto done = WriteFile(options.html, loadtest::HtmlReport(report), context);
    if (!done) return done;
  }
  if (options.percentiles.empty()) return {};
  return WriteFile(options.percentiles,
                   loadtest::PercentileText(report.result.total.corrected, 1e6), context);
}

}  // namespace

ExitCode RunLoadtest(const LoadtestOptions& options, CommandContext& context) {
  if (options.target.empty()) {
    return UsageError(context.err, "--target URL is missing", "loadtest");
  }
  auto plan = PlanLoad(options);
  if (!plan) return Complain(context, plan.error());
  std::vector<loadtest::Criterion> criteria;
  if (!options.fail.empty()) {
    auto parsed = loadtest::ParseCriteria(options.fail);
    if (!parsed) {
      parsed.error().message = "--fail: " + parsed.error().message;
      return Complain(context, parsed.error());
    }
    criteria = std::move(*parsed);
  }
  const base::CancelFlag stop;
  Interrupts interrupts(stop);  // before other threads, which inherit what it blocks
  RaiseFileLimit();
  const auto target =
      loadtest::FindTarget(options.target, options.unix_socket, options.ca, options.allowed,
                           {.deadline = {base::SystemClock(), kConnectPatience}, .cancel = stop});
  if (!target) return Complain(context, target.error());
  const auto payload = LoadPayload::Make(options, *target);
  if (!payload) return Complain(context, payload.error());

  plan->run.loop.address = target->address;
  plan->run.make_maker = [&payload](std::size_t thread) { return payload->MakeRequests(thread); };
  const std::string started = base::FormatTimestamp(base::SystemClock().Wall());
  auto result = [&] {
    LoadProgress progress(context.err, ProgressKind(options));
    return loadtest::RunLoad(plan->run, stop, [&progress](const auto& second, const auto& total) {
      progress.Show(second, total);
      return true;
    });
  }();
  if (!result) return Complain(context, result.error());
  loadtest::Report report =
      loadtest::MakeReport(std::move(*result), criteria, options.closed, plan->max_send_lag);
  report.target = target->name + payload->head().path;
  report.load = plan->description + payload->Description();
  report.started = started;
  if (const auto done = WriteOutputs(options, report, context); !done) {
    return Complain(context, done.error());
  }
  return interrupts.code().value_or(CodeOf(report.verdict));
}

}  // namespace sampleproc::apps

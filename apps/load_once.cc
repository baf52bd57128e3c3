#include <unistd.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <optional>
#include <ostream>

#include "apps/load_progress.h"
#include "apps/load_setup.h"
#include "apps/output.h"
#include "files/line_sink.h"
#include "files/stop_descriptor.h"
#include "loadtest/audit_client.h"
#include "loadtest/html_report.h"
#include "loadtest/junit_report.h"
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
      total.Finished() + total.open.count() < kLeastToAbort) {
    return true;
  }
  const double rate = loadtest::RateSoFar(total, static_cast<double>(seconds));
  return AllHold(loadtest::Judge(setup.criteria, total, rate));
}

Result<void> WriteOutputs(const LoadSetup& setup, const loadtest::Report& report,
                          CommandContext& context) {
  const LoadtestOptions& options = setup.options;
  const bool is_taken = std::ranges::any_of(
      std::initializer_list<const std::string*>{&options.json, &options.html, &options.series,
                                                &options.junit, &options.percentiles},
      [](const std::string* path) { return *path == "-"; });
  if (!is_taken) {
    context.out << loadtest::TextReport(report) << std::flush;
  }
  Result<void> first;  // one that cannot be written stops no other
  const auto write = [&](const std::string& path, const auto& make) {
    if (path.empty()) return;
    auto done = WriteResult(path, make(), setup.stop, context);
    if (first) first = std::move(done);
  };
  write(options.json, [&] { return loadtest::JsonReport(report); });
  write(options.html, [&] { return loadtest::HtmlReport(report); });
  write(options.junit, [&] { return loadtest::JunitReport(report); });
  write(options.percentiles,
        [&] { return loadtest::PercentileText(report.result.total.corrected, 1e6); });
  return first;
}

// A connection of its own each time, so that it is never one of the load's.
loadtest::ServerWatch::Fetch FetchMetrics(const LoadSetup& setup) {
  loadtest::HeadOptions head;
  head.host = setup.payload->head().host;
  head.authorization = setup.payload->head().authorization;
  const loadtest::AuditClient client(setup.target, std::move(head), "", {});
  return [client](const base::Allowance& allowance) -> Result<std::string> {
    auto answer = client.AskNow({.path = "/metrics"}, allowance);
    if (!answer) return std::unexpected(answer.error());
    if (answer->status() == 200) return std::move(answer->body());
    return base::Fail(base::ErrorCode::kUnavailable,
                      "GET /metrics: " + std::to_string(answer->status()));
  };
}

// Another host or another load is compared all the same, and told.
void CompareWith(const loadtest::Baseline& baseline, const std::string& target,
                 const std::string& load, const loadtest::RunResult& result,
                 loadtest::ReportOptions& options) {
  if (baseline.target != target) {
    options.notes.push_back("The baseline is of another target: " + baseline.target);
  }
  const bool same_load = baseline.load == load;
  if (!same_load) {
    options.notes.push_back("The baseline is of another load, so rates are not compared: " +
                            baseline.load);
  }
  auto compared = loadtest::Compare(baseline.seconds, result.seconds, same_load);
  if (compared) {
    options.comparisons = std::move(*compared);
    std::ranges::move(loadtest::CompareRuns(baseline, result.total),
                      std::back_inserter(options.comparisons));
  } else {
    options.no_comparison = compared.error().message;
  }
}

// The seconds of a run as they come, a line of JSON for each.
class SeriesFile {
 public:
  // Without a path nothing is written. A FIFO is waited for until it has a reader or the run is to
  // end. Fails as Output::Open does.
  Result<void> Open(const std::string& path, const base::CancelFlag& stop) {
    if (path.empty()) return {};
    stop_.emplace(stop);
    auto opened = Output::Open(path, OutputMode::kInPlace, {}, &*stop_);
    if (!opened) return std::unexpected(opened.error());
    output_ = std::move(*opened);
    sink_.emplace(output_->fd(), output_->name(), &*stop_);
    return {};
  }

  // Whether it was written, and all before it.
  bool Add(const loadtest::Second& second) {
    ++written_;
    if (!sink_ || !done_) return done_.has_value();
    done_ = sink_->WriteLine(loadtest::JsonSecond(second));
    if (done_) done_ = sink_->Flush();
    if (!done_) done_.error().code = base::ErrorCode::kIo;  // here a reader is to see it all
    return done_.has_value();
  }

  // Adds what came after the last whole second. Fails with kIo when a line could not be written.
  Result<void> Finish(const std::vector<loadtest::Second>& all) {
    while (written_ < all.size()) Add(all[written_]);
    return done_;
  }

 private:
  std::optional<files::StopDescriptor> stop_;
  std::unique_ptr<Output> output_;
  std::optional<files::LineSink> sink_;
  std::size_t written_ = 0;
  Result<void> done_;
};

void AddDisturbances(const std::vector<loadtest::Disturber::Outcome>& outcomes,
                     loadtest::ReportOptions& options) {
  for (const auto& [text, problem] : outcomes) {
    if (problem.empty()) {
      options.notes.push_back("The target's process was disturbed: " + text + ".");
    } else {
      options.undone.push_back("The target's process was not disturbed by '" + text +
                               "': " + problem + ".");
    }
  }
}

}  // namespace

Result<ExitCode> RunOnce(const LoadSetup& setup, CommandContext& context) {
  std::optional<loadtest::ServerWatch> server;
  const bool watches_server = !setup.options.frames.empty() && !setup.options.target.empty() &&
                              !setup.options.no_server_metrics;
  SeriesFile series;
  if (auto opened = series.Open(setup.options.series, setup.stop); !opened) {
    return std::unexpected(opened.error());
  }
  std::optional<loadtest::Disturber> disturber;
  auto result = [&setup, &context, &series, &server, &disturber, watches_server] {
    LoadProgress progress(context.err, ProgressKind(setup.options, context.dumb));
    loadtest::RunPlan run = setup.plan.run;
    run.needs_connections = true;
    run.opening = [&progress](std::size_t opened, std::size_t wanted) {
      progress.ShowOpening(opened, wanted);
    };
    run.begins = [&] {
      if (watches_server) server.emplace(FetchMetrics(setup));
      if (!setup.disturbances.empty()) {
        disturber.emplace(setup.process, setup.disturbances, setup.stop);
      }
    };
    return setup.Run(run, [&](const auto& second, const auto& total) {
      progress.Show(second, total);
      return series.Add(second) && GoesOn(setup, second, total);
    });
  }();
  std::vector<loadtest::Disturber::Outcome> disturbed;
  if (disturber) disturbed = disturber->Finish();
  if (!result) return std::unexpected(result.error());
  std::optional<loadtest::ServerReport> of_server;
  if (server) of_server = server->Finish();
  const std::string load = setup.plan.description + setup.payload->Description();
  loadtest::ReportOptions options{.criteria = setup.criteria,
                                  .has_frames = !setup.options.frames.empty(),
                                  .closed = setup.options.closed,
                                  .max_send_lag = setup.plan.max_send_lag};
  if (!setup.stream) options.asked = setup.payload->head().method + " " + setup.Path();
  AddDisturbances(disturbed, options);
  if (setup.baseline) CompareWith(*setup.baseline, setup.Name(), load, *result, options);
  loadtest::Report report = loadtest::MakeReport(std::move(*result), std::move(options));
  report.target = setup.Name();
  report.load = load;
  report.started = setup.started;
  report.server = std::move(of_server);
  auto done = WriteOutputs(setup, report, context);
  if (done) done = series.Finish(report.result.seconds);
  if (!done) return std::unexpected(done.error());
  return CodeOf(report.verdict);
}

}  // namespace sampleproc::apps

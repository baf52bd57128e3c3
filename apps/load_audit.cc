#include <ostream>

#include "apps/load_setup.h"
#include "loadtest/audit.h"
#include "loadtest/junit_report.h"
#include "loadtest/shutdown_check.h"

namespace sampleproc::apps {
namespace {

// What the target's URL says before each path.
std::string PrefixOf(const loadtest::Target& target) {
  std::string prefix = target.url.target;
  while (prefix.ends_with('/')) prefix.pop_back();
  return prefix;
}

}  // namespace

base::Result<ExitCode> RunAudit(const LoadSetup& setup, CommandContext& context) {
  const LoadtestOptions& given = setup.options;
  const loadtest::AuditClient client(setup.target, setup.payload->head(), PrefixOf(setup.target),
                                     setup.stop);
  loadtest::AuditOptions options;
  options.production = given.production;
  options.origin = given.origin;
  if (given.burst > 0) options.burst = static_cast<int>(given.burst);
  loadtest::AuditReport report{
      .target = setup.target.name + PrefixOf(setup.target), .items = {}, .complete = false};
  const bool shows = given.json != "-" && given.junit != "-";
  const loadtest::TakeItem take = [&](loadtest::AuditItem item) {
    // Its first line is the target's name, which says nothing before anything was seen.
    if (shows && report.items.empty()) context.out << report.target << "\n";
    if (shows) context.out << loadtest::TextItem(item) << std::flush;
    report.items.push_back(std::move(item));
  };
  const auto audited = loadtest::Audit(client, options, setup.stop, take);
  if (audited && given.pid > 0 && !setup.stop.Cancelled()) {
    auto item = loadtest::CheckShutdown(setup.plan.run, static_cast<pid_t>(given.pid), setup.stop);
    if (!setup.stop.Cancelled()) take(std::move(item));
  }
  report.complete = audited && !setup.stop.Cancelled();
  if (shows && !report.items.empty()) context.out << loadtest::TextSummary(report) << std::flush;
  if (!given.json.empty()) {
    const auto done = WriteResult(given.json, loadtest::JsonAudit(report), setup.stop, context);
    if (!done) return std::unexpected(done.error());
  }
  if (!given.junit.empty()) {
    const auto done = WriteResult(given.junit, loadtest::JunitAudit(report), setup.stop, context);
    if (!done) return std::unexpected(done.error());
  }
  if (!audited) return std::unexpected(audited.error());
  return loadtest::Passes(report) ? ExitCode::kOk : ExitCode::kThresholdMissed;
}

}  // namespace sampleproc::apps

#include <ostream>

#include "apps/load_setup.h"
#include "loadtest/audit.h"
#include "loadtest/junit_report.h"
#include "loadtest/shutdown_check.h"

namespace sampleproc::apps {

base::Result<ExitCode> RunAudit(const LoadSetup& setup, CommandContext& context) {
  const loadtest::AuditClient client(setup.target, setup.payload->head().authorization, setup.stop);
  loadtest::AuditOptions options;
  options.production = setup.options.production;
  options.origin = setup.options.origin;
  options.burst = static_cast<int>(setup.options.burst);
  auto items = loadtest::Audit(client, options, setup.stop);
  if (setup.options.pid > 0 && !setup.stop.Cancelled()) {
    items.push_back(
        loadtest::CheckShutdown(setup.plan.run, static_cast<pid_t>(setup.options.pid), setup.stop));
  }
  if (setup.options.json != "-" && setup.options.junit != "-") {
    context.out << loadtest::TextAudit(setup.target.name, items) << std::flush;
  }
  if (!setup.options.json.empty()) {
    const auto done = WriteResult(setup.options.json, loadtest::JsonAudit(setup.target.name, items),
                                  setup.stop, context);
    if (!done) return std::unexpected(done.error());
  }
  if (!setup.options.junit.empty()) {
    const auto done = WriteResult(
        setup.options.junit, loadtest::JunitAudit(setup.target.name, items), setup.stop, context);
    if (!done) return std::unexpected(done.error());
  }
  return loadtest::AllPass(items) ? ExitCode::kOk : ExitCode::kThresholdMissed;
}

}  // namespace sampleproc::apps

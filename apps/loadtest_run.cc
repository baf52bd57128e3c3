#include "apps/loadtest_run.h"

#include <sys/resource.h>

#include <optional>
#include <ostream>

#include "apps/config_options.h"
#include "apps/interrupts.h"
#include "apps/load_setup.h"

namespace sampleproc::apps {
namespace {

ExitCode Complain(CommandContext& context, const base::Error& error) {
  if (error.code == base::ErrorCode::kUsage) {
    return UsageError(context.err, error.message, "loadtest");
  }
  context.err << "sampleproc: " << error.message << "\n";
  // This machine, not the target, has no more to give.
  if (error.code == base::ErrorCode::kOverloaded) return ExitCode::kInvalidRun;
  return ExitCodeOf(error.code);
}

// Each connection is a file.
void RaiseFileLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

ExitCode RunLoadtest(const LoadtestOptions& options, CommandContext& context) {
  std::optional<config::Loaded> loaded;
  if (options.via == "redis" || options.config->AnyGiven()) {
    auto read = LoadConfig(*options.config, OriginalNames::kIgnore, context);
    if (!read) return read.error();
    loaded = std::move(*read);
  }
  const base::CancelFlag stop;
  const Interrupts interrupts(stop);  // before other threads, which inherit what it blocks
  RaiseFileLimit();
  LoadSetup setup(options, stop);
  if (const auto done = setup.Prepare(loaded ? &*loaded : nullptr); !done) {
    // Interrupted while it was looked for: the target is not to blame.
    if (const auto code = interrupts.code()) return *code;
    return Complain(context, done.error());
  }
  const auto run = options.audit                   ? &RunAudit
                   : options.find_capacity.empty() ? &RunOnce
                                                   : &FindCapacity;
  const auto code = run(setup, context);
  const ExitCode own = code ? *code : Complain(context, code.error());
  return interrupts.code().value_or(own);
}

}  // namespace sampleproc::apps

// All that a run of loadtest needs, made from its command line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/command.h"
#include "apps/load_payload.h"
#include "apps/load_plan.h"
#include "config/config.h"
#include "loadtest/baseline.h"
#include "loadtest/criteria.h"
#include "loadtest/disturbance.h"
#include "loadtest/stream_load.h"
#include "loadtest/target.h"
#include "loadtest/verdict.h"

namespace sampleproc::apps {

// Stays where it was made: the plan refers to the payload.
struct LoadSetup {
  LoadSetup(const LoadtestOptions& the_options, const base::CancelFlag& the_stop)
      : options(the_options), stop(the_stop) {}
  LoadSetup(const LoadSetup&) = delete;
  LoadSetup& operator=(const LoadSetup&) = delete;

  // Reads the files, finds the target. Fails as they do. `loaded` is null unless a configuration is
  // read.
  base::Result<void> Prepare(const config::Loaded* loaded);

  // Runs `of_load` against the target.
  base::Result<loadtest::RunResult> Run(const loadtest::RunPlan& of_load,
                                        const loadtest::Watch& watch) const;

  // Of what is loaded, for reports: without the values of its query.
  std::string Name() const;
  // The same of what requests ask for: "/health".
  std::string Path() const;

  const LoadtestOptions& options;
  const base::CancelFlag stop;
  LoadPlan plan;
  std::vector<loadtest::Criterion> criteria;
  std::optional<loadtest::Baseline> baseline;
  std::vector<loadtest::Disturbance> disturbances;
  base::Descriptor process;  // that they are for
  loadtest::Target target;   // without a URL when only a stream is loaded
  std::optional<loadtest::StreamTarget> stream;
  std::optional<LoadPayload> payload;
  std::string started;

 private:
  base::Result<void> CheckBaseline() const;
  base::Result<void> FindProcess();
  base::Result<void> FindStream(const config::Config& config, const base::Allowance& allowance);
};

// One run; its report is written. The code is that of its verdict.
base::Result<ExitCode> RunOnce(const LoadSetup& setup, CommandContext& context);

// As many runs as it takes to find the highest rate that holds the criteria.
base::Result<ExitCode> FindCapacity(const LoadSetup& setup, CommandContext& context);

// The checks of an audit instead of a load.
base::Result<ExitCode> RunAudit(const LoadSetup& setup, CommandContext& context);

// The whole of a file, a pipe or a device. Fails with kIo, also for a directory and for what has
// more than 256 MiB; the message names the option.
base::Result<std::string> ReadWholeFile(const std::string& path, std::string_view option);

// To the file, or for "-" to standard output. A FIFO is waited for until it has a reader or `stop`
// is cancelled. Fails with kIo, and kCancelled.
base::Result<void> WriteResult(const std::string& path, std::string_view text,
                               const base::CancelFlag& stop, CommandContext& context);

// Fails with kIo when one of the files that the results are to be written to cannot be: before a
// run that may take hours. Nothing is made or changed.
base::Result<void> CheckOutputs(const LoadtestOptions& options);

ExitCode CodeOf(loadtest::Verdict verdict);

}  // namespace sampleproc::apps

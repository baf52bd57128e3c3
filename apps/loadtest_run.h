// What loadtest does.
#pragma once

#include "apps/command.h"
#include "apps/loadtest_options.h"

namespace sampleproc::apps {

ExitCode RunLoadtest(const LoadtestOptions& options, CommandContext& context);

}  // namespace sampleproc::apps

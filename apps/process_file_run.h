// What process-file does once its command line is read.
#pragma once

#include "apps/command.h"
#include "apps/process_file_options.h"

namespace sampleproc::apps {

ExitCode RunProcessFile(const ProcessFileOptions& options, CommandContext& context);

}  // namespace sampleproc::apps

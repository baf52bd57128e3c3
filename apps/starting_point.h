// Where a run of process-file begins.
#pragma once

#include <string>

#include "apps/process_file_options.h"
#include "base/error.h"
#include "config/config.h"
#include "files/checkpoint.h"

namespace sampleproc::apps {

// The checkpoint to go on from: that of --resume, or a new one when there is no such file. Fails as
// files::LoadCheckpoint does, and with kUsage when that run had other settings.
base::Result<files::Checkpoint> StartingPoint(const ProcessFileOptions& options,
                                              const config::Config& config);

// A line about the frames that failed before, which are not tried again; "" when none did.
std::string DescribeFailedBefore(const ProcessFileOptions& options, const files::Checkpoint& start);

}  // namespace sampleproc::apps

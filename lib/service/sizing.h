// What the machine allows, as what the service takes: shared by serve and process-file.
#pragma once

#include <cstddef>

#include "process/options.h"
#include "resources/cpu_limits.h"
#include "resources/options.h"

namespace sampleproc::service {

// The configured limit, else three quarters of the control group's, else 1 GiB: the rest is for
// the program itself, the allocator's slack and what the libraries take without asking.
std::size_t MemoryCapacity(const resources::Options& options,
                           const resources::MachineLimits& machine);

// The configured number, else one for each CPU that may be used.
int WorkerCount(const process::Options& options, const resources::MachineLimits& machine);

}  // namespace sampleproc::service

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

// Raises the soft limit of open files to the hard one, since each connection is one, and returns
// what holds now (getrlimit(2)). Of the whole process, so it is for main's side of the program.
std::size_t RaiseFileLimit();

// Tells the allocator to give blocks of a megabyte and more back to the system when they are freed,
// as request bodies and large frames are: left alone it learns to keep them (mallopt(3),
// M_MMAP_THRESHOLD), in each thread's arena. Smaller ones stay fast. Likewise of the whole process;
// before there are threads.
void GiveBackLargeMemory();

}  // namespace sampleproc::service

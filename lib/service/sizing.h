// What the machine allows, as what the service takes: shared by serve and process-file.
#pragma once

#include <chrono>
#include <cstddef>

#include "base/clock.h"
#include "process/options.h"
#include "resources/cpu_limits.h"

namespace sampleproc::service {

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

// Gives memory that is free but still the allocator's back to the system (malloc_trim(3)) once the
// process rests. Blocks below a megabyte stay in the arenas of the threads that freed them:
// hundreds of megabytes after a heavy run, a hundred after ten thousand connections.
class MemoryReturn {
 public:
  // Whether five calm looks have followed each other, by the CPU time that the process has used up
  // to `now`. To be asked about once a second.
  bool Rests(base::MonoTime now, std::chrono::nanoseconds used);

  // Whether so much more is free than when memory was given back the last time that it is worth
  // doing again; then it has to be done.
  bool IsWorthwhile(std::size_t free_bytes);

  // Asks both, and does it.
  void Look();

 private:
  base::MonoTime last_look_{};
  std::chrono::nanoseconds used_{};
  int calm_ = 0;  // looks in a row
  std::size_t free_before_ = 0;
};

}  // namespace sampleproc::service

// What the kernel counts for this process.
#pragma once

#include <cstdint>

namespace sampleproc::telemetry {

struct ProcessStats {
  double cpu_seconds = 0;         // user and system
  double start_time_seconds = 0;  // since 1970
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;
  std::uint64_t threads = 0;
};

// From proc(5) and getrlimit(2). What cannot be read is 0. Any thread.
ProcessStats ReadProcessStats();

}  // namespace sampleproc::telemetry

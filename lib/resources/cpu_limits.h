// What the control group and the hardware allow.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

#include "resources/options.h"

namespace sampleproc::resources {

// What was found; `note` says why something fell back ("" when all could be read). It is for one
// log line.
struct MachineLimits {
  int cpus = 1;                             // at least 1
  std::optional<std::size_t> memory_limit;  // bytes, of the cgroup; absent when unlimited
  std::string note;
};

// Reads cgroup v2 (cpu.max, memory.max) and v1 (cpu.cfs_quota_us, memory.limit_in_bytes) of the
// calling process and of the groups around it, below `root` (tests hand in a directory of their
// own). `cpus` is the quota of the tightest group rounded up, never above what sched_getaffinity(2)
// allows. Unreadable files fall back to the hardware.
MachineLimits ReadMachineLimits(const std::filesystem::path& root = "/");

// The configured limit, else three quarters of the control group's, else 1 GiB: the rest is for
// the program itself, the allocator's slack and what the libraries take without asking.
std::size_t MemoryCapacity(const Options& options, const MachineLimits& machine);

}  // namespace sampleproc::resources

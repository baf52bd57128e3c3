#include "service/sizing.h"

#include <malloc.h>
#include <sys/resource.h>

namespace sampleproc::service {

std::size_t MemoryCapacity(const resources::Options& options,
                           const resources::MachineLimits& machine) {
  constexpr std::size_t kDefault = std::size_t{1} << 30;
  if (options.memory_limit != 0) return options.memory_limit;
  return machine.memory_limit ? *machine.memory_limit / 4 * 3 : kDefault;
}

int WorkerCount(const process::Options& options, const resources::MachineLimits& machine) {
  return options.workers > 0 ? options.workers : machine.cpus;
}

std::size_t RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < limit.rlim_max) {
    const rlimit raised{limit.rlim_max, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return limit.rlim_cur;
}

void GiveBackLargeMemory() {
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  mallopt(M_TRIM_THRESHOLD, 4 << 20);
}

}  // namespace sampleproc::service

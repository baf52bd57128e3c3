#include "service/sizing.h"

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

}  // namespace sampleproc::service

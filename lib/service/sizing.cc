#include "service/sizing.h"

#include <malloc.h>
#include <sys/resource.h>

#include <ctime>

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

bool MemoryReturn::IsDue(base::MonoTime now, std::chrono::nanoseconds used) {
  // Parts of one CPU.
  constexpr double kWork = 0.2;
  constexpr double kCalm = 0.05;
  constexpr int kCalmLooks = 5;
  const std::chrono::duration<double> passed = now - last_look_;
  const std::chrono::duration<double> spent = used - used_;
  last_look_ = now;
  used_ = used;
  const double load = spent / passed;
  worked_ |= load > kWork;
  calm_ = load < kCalm ? calm_ + 1 : 0;
  if (!worked_ || calm_ < kCalmLooks) return false;
  worked_ = false;
  return true;
}

void MemoryReturn::Look() {
  timespec used{};
  if (::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0) return;
  const auto spent = std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
  if (IsDue(base::SystemClock().Now(), spent)) ::malloc_trim(0);
}

}  // namespace sampleproc::service

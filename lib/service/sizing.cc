#include "service/sizing.h"

#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <ctime>

namespace sampleproc::service {

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

bool MemoryReturn::Rests(base::MonoTime now, std::chrono::nanoseconds used) {
  constexpr double kCalm = 0.05;  // of one CPU
  constexpr int kCalmLooks = 5;
  const std::chrono::duration<double> passed = now - last_look_;
  const std::chrono::duration<double> spent = used - used_;
  last_look_ = now;
  used_ = used;
  calm_ = spent / passed < kCalm ? std::min(calm_ + 1, kCalmLooks) : 0;
  return calm_ == kCalmLooks;
}

bool MemoryReturn::IsWorthwhile(std::size_t free_bytes) {
  constexpr std::size_t kWorthwhile = 8U << 20;
  // What is given back counts as free all the same.
  free_before_ = std::min(free_before_, free_bytes);
  if (free_bytes - free_before_ < kWorthwhile) return false;
  free_before_ = free_bytes;
  return true;
}

void MemoryReturn::Look() {
  timespec used{};
  if (::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0) return;
  const auto spent = std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
  if (!Rests(base::SystemClock().Now(), spent)) return;
  // Asked only while nobody minds: it looks at every free block.
  if (IsWorthwhile(::mallinfo2().fordblks)) ::malloc_trim(0);
}

}  // namespace sampleproc::service

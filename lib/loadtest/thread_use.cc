#include "loadtest/thread_use.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <fstream>

#include "base/clock.h"

namespace sampleproc::loadtest {

ThreadTimes OwnTimes() {
  ThreadTimes times;
  times.cpu =
      std::chrono::duration<double>(base::ThreadCpuClock().Now().time_since_epoch()).count();
  double ran = 0;
  std::ifstream file("/proc/thread-self/schedstat");
  if (file >> ran >> times.waited) times.waited /= 1e9;
  return times;
}

void AskForPromptWakeUps() {
  struct SchedulerAttributes {  // sched_setattr(2); glibc 2.36 has no type for it
    std::uint32_t size = sizeof(SchedulerAttributes);
    std::uint32_t policy = 0;  // SCHED_OTHER
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t runtime = 0;  // of SCHED_OTHER: the length of a turn
    std::uint64_t deadline = 0;
    std::uint64_t period = 0;
  };
  (void)::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  SchedulerAttributes wanted;
  if (::syscall(SYS_sched_getattr, 0, &wanted, sizeof wanted, 0U) != 0 || wanted.policy != 0) {
    return;  // started with a policy of its own (chrt)
  }
  wanted.size = sizeof wanted;
  wanted.runtime = 100'000;  // ns
  (void)::syscall(SYS_sched_setattr, 0, &wanted, 0U);
}

}  // namespace sampleproc::loadtest

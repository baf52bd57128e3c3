// The thread library of this binary: while a Scheduler runs, threads are its fibers. Everything in
// the process calls these functions, the C++ library's threads and locks included, because the
// program's own come before those of its libraries. Without a Scheduler there is one thread, and a
// lock that is held stays so.
#include <dlfcn.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include "sim/scheduler.h"

#define SIM_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

using sampleproc::sim::kNever;
using sampleproc::sim::Scheduler;
using sampleproc::sim::Time;

constexpr Time kSecond = 1'000'000'000;
// Where the clocks begin: all times are positive, and the wall clock says 2026-01-01.
constexpr Time kMonoStart = 3'600 * kSecond;
constexpr Time kWallStart = 1'767'225'600 * kSecond;

template <typename Function>
Function Real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

Time Start(clockid_t clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE ? kWallStart : kMonoStart;
}

Time Of(const timespec& time) { return Time{time.tv_sec} * kSecond + time.tv_nsec; }

// Of an absolute time by that clock.
Time Until(clockid_t clock, const timespec& time) { return Of(time) - Start(clock); }

// libstdc++ names glibc's fields nowhere, and zero is what all of them begin with.
struct Lock {
  int held;
};

Lock& Of(pthread_mutex_t* mutex) { return *reinterpret_cast<Lock*>(mutex); }

int Acquire(pthread_mutex_t* mutex, bool wait) {
  Lock& lock = Of(mutex);
  Scheduler* const scheduler = Scheduler::Current();
  if (scheduler != nullptr && wait) scheduler->MaybeYield();
  while (lock.held != 0) {
    if (!wait) return EBUSY;
    if (scheduler == nullptr) {
      std::fputs("a lock is taken that nobody can give back\n", stderr);
      std::abort();
    }
    scheduler->Wait(mutex, kNever, "a lock");
  }
  lock.held = 1;
  return 0;
}

int Release(pthread_mutex_t* mutex) {
  Of(mutex).held = 0;
  if (Scheduler* const scheduler = Scheduler::Current()) {
    scheduler->Wake(mutex, false);
    scheduler->MaybeYield();
  }
  return 0;
}

int WaitFor(pthread_cond_t* condition, pthread_mutex_t* mutex, Time until) {
  Scheduler* const scheduler = Scheduler::Current();
  if (scheduler == nullptr) {
    if (until != kNever) return ETIMEDOUT;
    std::fputs("a thread waits, and there is no other\n", stderr);
    std::abort();
  }
  Of(mutex).held = 0;
  scheduler->Wake(mutex, false);
  const bool woken = scheduler->Wait(condition, until, "a condition");
  Acquire(mutex, true);
  return woken ? 0 : ETIMEDOUT;
}

int Sleep(clockid_t clock, int flags, const timespec& time) {
  Scheduler* const scheduler = Scheduler::Current();
  if (scheduler == nullptr) return 0;
  const Time until =
      (flags & TIMER_ABSTIME) != 0 ? Until(clock, time) : scheduler->now() + Of(time);
  scheduler->Wait(&time, until, "a moment");
  return 0;
}

}  // namespace

SIM_EXPORT int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*start)(void*), void* argument) noexcept {
  if (Scheduler* const scheduler = Scheduler::Current()) {
    *thread = scheduler->Create(start, argument);
    return 0;
  }
  static const auto real = Real<decltype(&pthread_create)>("pthread_create");
  return real(thread, attributes, start, argument);
}

SIM_EXPORT int pthread_join(pthread_t thread, void** result) {
  if (Scheduler* const scheduler = Scheduler::Current()) {
    void* const got = scheduler->Join(thread);
    if (result != nullptr) *result = got;
    return 0;
  }
  static const auto real = Real<decltype(&pthread_join)>("pthread_join");
  return real(thread, result);
}

SIM_EXPORT int pthread_detach(pthread_t thread) noexcept {
  if (Scheduler::Current() != nullptr) return 0;
  static const auto real = Real<decltype(&pthread_detach)>("pthread_detach");
  return real(thread);
}

SIM_EXPORT pthread_t pthread_self() noexcept {
  if (Scheduler* const scheduler = Scheduler::Current()) return scheduler->Self();
  static const auto real = Real<decltype(&pthread_self)>("pthread_self");
  return real();
}

SIM_EXPORT int sched_yield() noexcept {
  if (Scheduler* const scheduler = Scheduler::Current()) scheduler->Yield();
  return 0;
}

SIM_EXPORT int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept { return Acquire(mutex, true); }

SIM_EXPORT int pthread_mutex_trylock(pthread_mutex_t* mutex) noexcept {
  return Acquire(mutex, false);
}

SIM_EXPORT int pthread_mutex_unlock(pthread_mutex_t* mutex) noexcept { return Release(mutex); }

SIM_EXPORT int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
  return WaitFor(condition, mutex, kNever);
}

SIM_EXPORT int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                                      const timespec* until) {
  return WaitFor(condition, mutex, Until(CLOCK_REALTIME, *until));
}

SIM_EXPORT int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                                      clockid_t clock, const timespec* until) {
  return WaitFor(condition, mutex, Until(clock, *until));
}

SIM_EXPORT int pthread_cond_signal(pthread_cond_t* condition) noexcept {
  if (Scheduler* const scheduler = Scheduler::Current()) {
    scheduler->Wake(condition, false);
    scheduler->MaybeYield();
  }
  return 0;
}

SIM_EXPORT int pthread_cond_broadcast(pthread_cond_t* condition) noexcept {
  if (Scheduler* const scheduler = Scheduler::Current()) {
    scheduler->Wake(condition, true);
    scheduler->MaybeYield();
  }
  return 0;
}

SIM_EXPORT int pthread_cond_destroy(pthread_cond_t*) noexcept { return 0; }

SIM_EXPORT int nanosleep(const timespec* time, timespec*) {
  return Sleep(CLOCK_MONOTONIC, 0, *time);
}

SIM_EXPORT int clock_nanosleep(clockid_t clock, int flags, const timespec* time, timespec*) {
  return Sleep(clock, flags, *time);
}

SIM_EXPORT int clock_gettime(clockid_t clock, timespec* time) noexcept {
  if (Scheduler* const scheduler = Scheduler::Current()) {
    const Time now = Start(clock) + scheduler->now();
    *time = {.tv_sec = now / kSecond, .tv_nsec = now % kSecond};
    return 0;
  }
  static const auto real = Real<decltype(&clock_gettime)>("clock_gettime");
  return real(clock, time);
}

// What libstdc++ waits by for an atomic (std::stop_callback's destructor does).
SIM_EXPORT long syscall(long number, ...) noexcept {
  va_list list;
  va_start(list, number);
  long words[6];
  for (long& word : words) word = va_arg(list, long);
  va_end(list);
  Scheduler* const scheduler = number == SYS_futex ? Scheduler::Current() : nullptr;
  if (scheduler == nullptr) {
    static const auto real = Real<long (*)(long, ...)>("syscall");
    return real(number, words[0], words[1], words[2], words[3], words[4], words[5]);
  }
  const auto* const address = reinterpret_cast<const int*>(words[0]);
  switch (words[1] & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
      if (*address == static_cast<int>(words[2])) scheduler->Wait(address, kNever, "an atomic");
      return 0;
    default:
      scheduler->Wake(address, true);
      return 0;
  }
}

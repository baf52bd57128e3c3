// Threads that are none: a program's threads as fibers on one, with a clock that jumps.
//
// While a Scheduler runs, this binary's pthread_create, mutexes, condition variables, sleeps and
// clock_gettime are its (pthreads.cc), so what is under test runs as it is in production: nothing
// in it knows. Which fiber goes on is drawn from the seed at every lock, unlock, wait and
// notification; time passes only when no fiber can go on, and then at once, to the next moment that
// one waits for. When nobody waits for a moment either, all of them wait for each other: a
// deadlock, which is told.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/random.h"

namespace sampleproc::sim {

// Nanoseconds since the beginning of the run.
using Time = std::int64_t;
inline constexpr Time kNever = std::numeric_limits<Time>::max();

class Scheduler {
 public:
  // `stands_still` is called, and does not return, when all fibers wait for each other, when the
  // run takes longer than `longest` of its own time, or when its fibers go round without it
  // passing.
  Scheduler(std::uint64_t seed, Time longest, std::function<void(const std::string&)> stands_still);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Runs `main` as the first fiber and returns when it has. The fibers that it has started must
  // have ended by then, or been abandoned.
  void Run(const std::function<void()>& main);

  // The one that is running; null outside of Run.
  static Scheduler* Current() { return current_; }

  // What a thread library needs; all of it is called by fibers.
  using Start = void* (*)(void*);
  std::uintptr_t Create(Start start, void* argument);
  std::uintptr_t Self() const { return reinterpret_cast<std::uintptr_t>(running_); }
  void* Join(std::uintptr_t fiber);
  Time now() const { return now_; }
  // Waits for Wake(what), or until `until`: false when that came first.
  // `how` is for people.
  bool Wait(const void* what, Time until, const char* how = "what a model says");
  // One of those who wait for it, drawn, or all.
  void Wake(const void* what, bool all);
  // Lets others go on now and then.
  void MaybeYield();
  void Yield();

  // No fiber but the one that runs goes on any more, as when its process is killed: what they hold
  // is never given back.
  void AbandonOthers();

  // Allocations of fibers other than the first fail as `fails` says, with std::bad_alloc, unless
  // they are made within an Exempt scope (allocations.cc).
  void FailAllocations(std::function<bool()> fails) { allocation_fails_ = std::move(fails); }
  bool AllocationFails();

  // The models' own work: its allocations do not fail. Exempt(false) inside of it is for what calls
  // back into what is under test.
  class Exempt {
   public:
    explicit Exempt(bool exempt = true);
    ~Exempt();
    Exempt(const Exempt&) = delete;
    Exempt& operator=(const Exempt&) = delete;

   private:
    bool before_ = false;
  };

  std::uint64_t switches() const { return switches_; }
  // What each fiber waits for, for people.
  std::string Waiting() const;

 private:
  struct Fiber;

  Fiber* Next();
  void SwitchTo(Fiber* next);
  static void Enter();
  void Body();

  static Scheduler* current_;  // the functions of pthreads.cc have no other way to it

  Random random_;
  const Time longest_;
  const std::function<void(const std::string&)> stands_still_;
  Time now_ = 0;
  std::uint64_t switches_ = 0;
  std::size_t created_ = 0;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<std::unique_ptr<char[]>> stacks_;  // of fibers that have ended
  Fiber* running_ = nullptr;
  std::function<bool()> allocation_fails_;
  std::uint64_t switches_at_ = 0;  // when the clock moved last
};

}  // namespace sampleproc::sim

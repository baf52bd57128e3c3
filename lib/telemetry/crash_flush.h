// The log's last lines, when the process dies of a fault of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>

namespace sampleproc::telemetry {

// How far the log's thread has got, for a signal handler to read.
struct LogProgress {
  std::atomic<std::uint64_t> kept = 0;     // lines that were put and not dropped
  std::atomic<std::uint64_t> settled = 0;  // of those, written or lost
  std::atomic<std::uint64_t> writes = 0;   // that took something
  std::atomic<int> thread = 0;             // its id (gettid(2)); 0 before it runs
};

// While it lives, a signal that means a fault (SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT) first
// waits until the log's thread has written what had been put: until nothing has been taken for
// kStill, and kLongest at most. Then the signal does what it would have done before, so that the
// process dies of it, with its core dump and exit status.
//
// The handler reads atomics and sleeps: it writes nothing itself, takes no lock and no memory,
// which the crash may have left broken. Lines are lost when it is the log's thread that has
// crashed, or waits for a lock that the crashed thread holds; and all that wait when a stack
// overflows, for there is none left to run a handler on. One object of a process at a time does
// this; it is a signal's nature that what its handler reads is global.
class CrashFlush {
 public:
  static constexpr std::chrono::milliseconds kStill{1'000};
  static constexpr std::chrono::milliseconds kLongest{5'000};

  explicit CrashFlush(std::shared_ptr<const LogProgress> progress);
  ~CrashFlush();
  CrashFlush(const CrashFlush&) = delete;
  CrashFlush& operator=(const CrashFlush&) = delete;

 private:
  const std::shared_ptr<const LogProgress> progress_;
  bool in_charge_ = false;
};

}  // namespace sampleproc::telemetry

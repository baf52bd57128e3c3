// The seam through which time comes in. Production code is handed SystemClock(); tests hand in
// their own and move it by hand.
#pragma once

#include <chrono>
#include <string>

namespace sampleproc::base {

using MonoTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

// Both functions may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonoTime Now() const = 0;   // never goes back; for deadlines and durations
  virtual WallTime Wall() const = 0;  // for stamps that people and other systems read
};

// Longer than anybody waits, short enough to be added to any point in time.
inline constexpr std::chrono::milliseconds kForever = std::chrono::hours(24 * 365);

// The machine's clocks. It holds no state.
const Clock& SystemClock();

// As SystemClock, but Now() is the CPU time the calling thread has used
// (CLOCK_THREAD_CPUTIME_ID, clock_gettime(2)): for bounds that must not depend on what else the
// machine is doing. A deadline on it must be asked by the thread that made it.
const Clock& ThreadCpuClock();

// RFC 3339 in UTC with microseconds: "2026-01-31T09:05:00.000123Z".
std::string FormatTimestamp(WallTime time);

}  // namespace sampleproc::base

// The log of an orderly end: numbered phases, each with its duration.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/log.h"
#include "service/notifier.h"

namespace sampleproc::service {

// What follows when all work has ended or been cut off.
enum class Afterwards {
  kNothing,     // workers come back, connections are closed
  kDeliveries,  // and others are told: pulled frames are settled, results, events, spans delivered
};

// How much of the time for a shutdown is for what is in work; the rest is for what is then cut off
// to come back: at most half a second, as TimeForResults leaves it, or 1.5 s where the deliveries
// have a second of that.
std::chrono::milliseconds TimeForWork(std::chrono::milliseconds timeout, Afterwards afterwards);

// How much of it is for results and settlements; the rest, at most half a second, is for
// connections to be closed.
std::chrono::milliseconds TimeForResults(std::chrono::milliseconds timeout);

// Writes "shutdown 3/5: wait for requests in work" when a phase begins and the same with "done" and
// `took_ms` when it ends; tells systemd both. One thread.
class ShutdownPhases {
 public:
  ShutdownPhases(const base::Clock& clock, base::Logger& log, const Notifier& notifier)
      : clock_(clock), log_(log), notifier_(notifier), begun_(clock.Now()) {}

  // Ends the phase before, if there is one.
  void Begin(std::string_view name);
  void End();

  std::int64_t TookMs() const;  // since the first

 private:
  static constexpr int kPhases = 5;
  std::int64_t Since(base::MonoTime then) const;

  const base::Clock& clock_;
  base::Logger& log_;
  const Notifier& notifier_;
  const base::MonoTime begun_;
  base::MonoTime phase_begun_{};
  int number_ = 0;
  std::string line_;
};

}  // namespace sampleproc::service

// Tells that lines of the log are lost: the log itself may be the last place to learn it from.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "telemetry/conditions.h"

namespace sampleproc::telemetry {

// The condition `log`: from the first line that is lost until lines can be written again and none
// was lost for kSteady. One thread at a time.
class LogWatch {
 public:
  static constexpr std::chrono::seconds kSteady{5};

  // All of it must outlive it.
  LogWatch(const base::Clock& clock, Conditions& conditions, const base::Logger& log)
      : clock_(clock), conditions_(conditions), log_(log) {}

  // Every second or so.
  void Look();

 private:
  const base::Clock& clock_;
  Conditions& conditions_;
  const base::Logger& log_;
  std::uint64_t seen_ = 0;                   // lost lines, at the last look
  std::uint64_t before_ = 0;                 // those of before the condition
  std::optional<base::MonoTime> last_loss_;  // while the condition lasts
  std::string fault_;    // why they were lost; "" while that is the reader's fault
  bool written_ = true;  // as of the last look
};

}  // namespace sampleproc::telemetry

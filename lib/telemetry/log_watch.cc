#include "telemetry/log_watch.h"

#include <string>

namespace sampleproc::telemetry {

void LogWatch::Look() {
  const base::MonoTime now = clock_.Now();
  const std::uint64_t lost = log_.lost_lines();
  const std::string why = log_.WhyNotWritten();
  if (lost > seen_ && !last_loss_) before_ = seen_;
  if (lost > seen_) last_loss_ = now;
  seen_ = lost;
  if (!last_loss_) return;
  if (why.empty() && now - *last_loss_ >= kSteady) {
    last_loss_.reset();
    return conditions_.Clear(condition::kLog);
  }
  conditions_.Raise(condition::kLog, {},
                    (why.empty() ? "whoever reads the log takes its lines too slowly" : why) +
                        ": " + std::to_string(lost - before_) + " lines are lost so far");
}

}  // namespace sampleproc::telemetry

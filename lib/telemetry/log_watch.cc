#include "telemetry/log_watch.h"

#include <string>

namespace sampleproc::telemetry {

void LogWatch::Look() {
  const base::MonoTime now = clock_.Now();
  const std::uint64_t lost = log_.lost_lines();
  const std::string why = log_.WhyNotWritten();
  if (!why.empty()) {
    fault_ = why;
  } else if (lost > seen_ && written_) {
    fault_.clear();  // these are lost for another reason
  }
  written_ = why.empty();
  if (lost > seen_ && !last_loss_) before_ = seen_;
  if (lost > seen_) last_loss_ = now;
  seen_ = lost;
  if (!last_loss_) return;
  if (why.empty() && now - *last_loss_ >= kSteady) {
    last_loss_.reset();
    fault_.clear();
    return conditions_.Clear(condition::kLog);
  }
  std::string told = "whoever reads the log takes its lines too slowly";
  if (!fault_.empty()) told = (why.empty() ? "lines can be written again; before: " : "") + fault_;
  conditions_.Raise(condition::kLog, {},
                    told + ": " + std::to_string(lost - before_) + " lines are lost so far");
}

}  // namespace sampleproc::telemetry

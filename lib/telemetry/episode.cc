#include "telemetry/episode.h"

#include <utility>

namespace sampleproc::telemetry {

void Episode::Tell(std::string_view state, std::uint64_t count) const {
  if (!log_.Enabled(level_)) return;
  log_.Write(level_, message_,
             {{"reason", std::string_view(reason_)},
              {"state", state},
              {"count", static_cast<std::int64_t>(count)}});
}

void Episode::Look(std::uint64_t count, base::MonoTime now) {
  const std::uint64_t last = std::exchange(last_, count);
  if (count > last) grew_ = now;
  if (!lasts_) {
    if (count == last) return;
    lasts_ = true;
    before_ = last;
    told_ = count;
    told_at_ = now;
    return Tell("begins", count - before_);
  }
  if (now - grew_ >= kQuiet) {
    lasts_ = false;
    return Tell("ended", count - before_);
  }
  if (now - told_at_ >= kAgain && count > told_) {
    Tell("goes on", count - std::exchange(told_, count));
    told_at_ = now;
  }
}

}  // namespace sampleproc::telemetry

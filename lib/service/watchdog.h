// Feeds systemd's watchdog for as long as the service can do its work.
#pragma once

#include <chrono>
#include <optional>

#include "service/notifier.h"
#include "service/readiness.h"
#include "service/ticker.h"

namespace sampleproc::service {

// Asks `readiness` twice in each interval and sends WATCHDOG=1 while not all workers are stuck;
// once they are, systemd restarts the service when the interval has passed. An interval of 0 starts
// no thread. Everything must outlive it.
class Watchdog {
 public:
  Watchdog(std::chrono::microseconds interval, const Readiness& readiness,
           const Notifier& notifier) {
    if (interval.count() <= 0) return;
    ticker_.emplace(interval / 2, [&readiness, &notifier] {
      if (readiness.Ask().Alive()) notifier.Send("WATCHDOG=1");
    });
  }

 private:
  std::optional<Ticker> ticker_;
};

}  // namespace sampleproc::service

#include "service/watchdog.h"

namespace sampleproc::service {

Watchdog::Watchdog(std::chrono::microseconds interval, const Readiness& readiness,
                   const Notifier& notifier) {
  if (interval.count() <= 0) return;
  thread_ = std::thread(
      [this, pause = interval / 2, &readiness, &notifier] { Run(pause, readiness, notifier); });
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Watchdog::Run(std::chrono::microseconds pause, const Readiness& readiness,
                   const Notifier& notifier) {
  std::unique_lock lock(mutex_);
  do {
    if (readiness.Ask().Alive()) notifier.Send("WATCHDOG=1");
  } while (!stopped_.wait_for(lock, pause, [this] { return stopping_; }));
}

}  // namespace sampleproc::service

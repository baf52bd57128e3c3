// Feeds systemd's watchdog for as long as the service can do its work.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "service/notifier.h"
#include "service/readiness.h"

namespace sampleproc::service {

// Its thread asks `readiness` twice in each interval and sends WATCHDOG=1 while not all workers are
// stuck; once they are, systemd restarts the service when the interval has passed. An interval of 0
// starts no thread. Everything must outlive it.
class Watchdog {
 public:
  Watchdog(std::chrono::microseconds interval, const Readiness& readiness,
           const Notifier& notifier);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void Run(std::chrono::microseconds pause, const Readiness& readiness, const Notifier& notifier);

  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace sampleproc::service

// Something that is done again and again, on a thread of its own.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

#include "base/mutex.h"

namespace sampleproc::service {

// Calls `tick` at once and then every `pause` until it is destroyed, which waits for a call that is
// under way. A call that throws is over; the next one comes.
class Ticker {
 public:
  Ticker(std::chrono::microseconds pause, std::function<void()> tick);
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

 private:
  void Run();

  const std::chrono::microseconds pause_;
  const std::function<void()> tick_;
  base::Mutex mutex_;
  base::CondVar stopped_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::jthread thread_;
};

}  // namespace sampleproc::service

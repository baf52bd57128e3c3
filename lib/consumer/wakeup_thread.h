// A thread that calls when the time has come.
#pragma once

#include <functional>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/mutex.h"
#include "consumer/wakeups.h"

namespace sampleproc::consumer {

class WakeupThread final : public Wakeups {
 public:
  // `clock` must outlive it.
  explicit WakeupThread(const base::Clock& clock) : clock_(clock) {}
  // Stops.
  ~WakeupThread() override { Stop(); }

  void At(base::MonoTime when) override;

  // Calls `tick` from now on, also for what was asked for before. Once. After a call that throws
  // it is called again soon.
  void Run(std::function<void()> tick);
  // `tick` is not called any more once this has returned.
  void Stop();

 private:
  void Loop(const std::function<void()>& tick);

  const base::Clock& clock_;
  base::CancelFlag stopping_;
  base::Mutex mutex_;
  base::CondVar changed_;
  std::optional<base::MonoTime> next_ GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace sampleproc::consumer

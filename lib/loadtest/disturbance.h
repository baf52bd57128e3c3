// What is done to the target's process while a load runs, to see what its clients notice of it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/deadline.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "base/mutex.h"

namespace sampleproc::loadtest {

struct Disturbance {
  std::chrono::nanoseconds at{};  // since the run began
  int signal = 0;
  std::chrono::nanoseconds lasts{};  // of SIGSTOP: SIGCONT ends it
  std::string text;                  // as it was written
};

// Disturbances are separated by commas, each "at=TIME ACTION": "at=10s term, at=20s stop for=2s".
// TIME is a number with its unit (ms s m); ACTION is term, int, hup, usr1, kill, or stop with how
// long it stands still. In the order of their times. Fails with kUsage.
base::Result<std::vector<Disturbance>> ParseDisturbances(std::string_view text);

// Disturbs a process, which must outlive it, at the times that were planned, on a thread of its
// own, from its construction on. Once `stop` is cancelled it disturbs no more, and a process that
// stands still has been told to go on by the time that Cancel returns.
class Disturber {
 public:
  struct Outcome {
    std::string text;     // of the disturbance
    std::string problem;  // why it was not done, or ""
  };

  Disturber(const base::Descriptor& process, std::vector<Disturbance> planned,
            const base::CancelFlag& stop);
  // Lets a process that was stopped go on.
  ~Disturber();
  Disturber(const Disturber&) = delete;
  Disturber& operator=(const Disturber&) = delete;

  // Ends the thread; a process that was stopped goes on. What has become of each that was planned.
  std::vector<Outcome> Finish();

 private:
  void Run();
  void Disturb(const Disturbance& planned) EXCLUDES(mutex_);
  void GoOn() EXCLUDES(mutex_);
  // Until so long after the beginning, or the end of the thread; whether it is still to go on.
  bool SleepUntil(std::chrono::nanoseconds since_start) EXCLUDES(mutex_);

  const base::Descriptor& process_;
  const std::vector<Disturbance> planned_;
  const base::MonoTime start_;
  const base::CancelFlag end_;
  base::Mutex mutex_;
  base::CondVar never_;
  bool stands_still_ GUARDED_BY(mutex_) = false;
  std::vector<Outcome> outcomes_;  // of the thread until it has been joined
  const base::CancelWatch watch_;
  std::jthread thread_;
};

}  // namespace sampleproc::loadtest

// The loop that pulls frames: what happens between an upstream and the workers.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mutex.h"
#include "consumer/dispatcher.h"
#include "consumer/frame_source.h"
#include "consumer/message_traces.h"
#include "consumer/metrics.h"
#include "consumer/options.h"
#include "resilience/backoff.h"
#include "telemetry/conditions.h"

namespace sampleproc::consumer {

// How the consumer is, when somebody asks.
struct ConsumerFacts {
  bool running = false;                      // it pulls; not after Stop
  bool connected = false;                    // the last pull succeeded, and none is overdue
  std::string problem;                       // why not: one sentence; "" when connected
  base::MonoTime begun{};                    // when it began to pull
  std::optional<base::MonoTime> last_frame;  // when the upstream last had a frame for us
  std::chrono::nanoseconds pulled_age{0};    // of the oldest of those frames, when they came
  bool left_some = false;                    // that pull brought all that it asked for
};

// What a consumer works with; all of it must outlive the consumer.
struct PullContext {
  FrameSource& source;
  Dispatcher& dispatcher;
  const Metrics& metrics;
  telemetry::Conditions& conditions;
  const base::Clock& clock;
  base::Logger& log;
  const MessageTraces* traces = nullptr;  // null: nothing is recorded
  // In a row, that are no condition yet; one where the backoff tries again at once.
  int untold_failures = 0;
};

// Pulls only what the workers can take (Dispatcher::AwaitRoom). A failed pull is tried again after
// `backoff`, or when the upstream says (`retry_after`, at most a minute); after max_retries
// failures in a row the source begins anew. Each failure is counted; that pulls fail, or that one
// has no answer for kOverdue, is the condition `source_unreachable`.
//
// Beside the pulls, on a thread of its own, the upstream is asked every health_check_interval how
// it is: `source_unhealthy`. Pulls that succeed and bring nothing for silent_after are
// `source_silent`. Settlements that the upstream does not answer, though it answers pulls, are
// `settlement_unanswered`. Thread-safe.
class Consumer {
 public:
  // A pull without frames takes a second or less (FrameSource::Pull).
  static constexpr std::chrono::seconds kOverdue{5};

  // `upstream` is what conditions call it ("frame-buffer:8002"). Begins to pull. `options` must
  // outlive the consumer.
  Consumer(const PullContext& context, const Options& options, std::string upstream,
           resilience::Backoff backoff);
  // Stops pulling.
  ~Consumer();

  // No pull begins from now on, and one that waits ends. Returns when the loop has ended, which is
  // soon, and by `end` if an upstream that is asked is all that it waits for; what is held is the
  // dispatcher's to drain.
  void Stop(const base::Deadline& end = {});

  // Tells what only the passing of time shows. Every second or so.
  void Look();

  ConsumerFacts facts() const;

 private:
  class Waiting;
  class Full;

  void Run();
  std::size_t AwaitRoom();
  void PullOnce();
  base::Result<std::vector<Delivery>> Pull(std::size_t count);
  void Failed(const base::Error& error);
  void FailedByException(const char* what);
  void Succeeded(bool has_frames);
  void TellPull();
  void TellSettling();
  void RunProbes();
  void ProbeOnce();
  void Pause(std::chrono::milliseconds time);
  std::optional<std::string> Overdue() const REQUIRES(mutex_);

  const PullContext context_;
  const Options& options_;
  const std::string upstream_;
  const resilience::Backoff backoff_;

  int failures_ = 0;             // in a row; the loop's own
  bool said_connected_ = false;  // the loop's own

  mutable base::Mutex mutex_;
  base::CondVar wake_;
  const base::CancelFlag stop_;
  ConsumerFacts facts_ GUARDED_BY(mutex_);
  std::optional<base::MonoTime> pulling_since_ GUARDED_BY(mutex_);  // while a pull waits
  // When there was last a frame, or pulls began to succeed.
  base::MonoTime heard_ GUARDED_BY(mutex_);
  std::optional<base::MonoTime> full_since_ GUARDED_BY(mutex_);  // while there is no room

  std::jthread thread_;
  std::jthread prober_;
};

}  // namespace sampleproc::consumer

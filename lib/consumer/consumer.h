// The loop that pulls frames: what happens between an upstream and the workers.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "consumer/backoff.h"
#include "consumer/dispatcher.h"
#include "consumer/frame_source.h"
#include "consumer/options.h"
#include "telemetry/metrics.h"

namespace sampleproc::consumer {

// How the consumer is, when somebody asks.
struct ConsumerFacts {
  bool running = false;                      // it pulls; not after Stop
  bool connected = false;                    // the last pull succeeded
  std::string problem;                       // why not: one sentence; "" when connected
  std::optional<base::MonoTime> last_frame;  // when the upstream last had a frame for us
};

// Pulls only what the workers can take (Dispatcher::AwaitRoom). A failed pull is tried again after
// `backoff`, or when the upstream says (`retry_after`, at most a minute); after max_retries
// failures in a row the source begins anew. Each change between connected and not is logged once,
// each failure counted. Thread-safe.
class Consumer {
 public:
  // Everything must outlive the consumer. Begins to pull.
  Consumer(FrameSource& source, Dispatcher& dispatcher, const Options& options, Backoff backoff,
           telemetry::Metrics& metrics, const base::Clock& clock, base::Logger& log);
  // Stops pulling.
  ~Consumer();

  // No pull begins from now on, and one that waits ends. Returns when the loop has ended, which is
  // soon; what is held is the dispatcher's to drain.
  void Stop();

  ConsumerFacts facts() const;

 private:
  void Run();
  void PullOnce();
  void Failed(const base::Error& error);
  void Succeeded();
  void ProbeIfDue();
  void Pause(std::chrono::milliseconds time);

  FrameSource& source_;
  Dispatcher& dispatcher_;
  const Options& options_;
  const Backoff backoff_;
  telemetry::Metrics& metrics_;
  const base::Clock& clock_;
  base::Logger& log_;

  int failures_ = 0;               // in a row; the loop's own
  base::MonoTime next_probe_{};    // the loop's own
  std::string upstream_problem_;   // that a probe found last; the loop's own
  bool said_unreachable_ = false;  // the loop's own

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by mutex_
  ConsumerFacts facts_;    // guarded by mutex_

  std::jthread thread_;
};

}  // namespace sampleproc::consumer

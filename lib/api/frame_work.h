// What the doors over HTTP do with a frame, whatever it came in.
#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/id_source.h"
#include "base/log.h"
#include "frame/frame.h"
#include "frame/options.h"
#include "http/rate_limiter.h"
#include "http/router.h"
#include "process/frame_tracker.h"
#include "process/worker_pool.h"
#include "telemetry/metrics.h"

namespace sampleproc::api {

// What the references refer to must outlive the handlers and all work that they began. The rest is
// the handlers' own, because work goes on when the configuration it began with is replaced.
struct ProcessContext {
  process::WorkerPool& pool;
  process::FrameTracker& tracker;
  const base::Clock& clock;
  telemetry::Metrics& metrics;
  base::Logger& log;
  base::IdSource& ids;
  frame::Options frame;
  bool simulated_gpu = false;
  std::shared_ptr<http::RateLimiter> limiter = nullptr;  // null: no limit
};

// A frame on its way through a worker, from its acceptance to its result. It is tracked: VALIDATED
// by what can be seen without reading it, QUEUED for a worker, PROCESSING from the worker's first
// touch, COMPLETED or FAILED, then ARCHIVED. Used by one thread at a time.
class FrameWork {
 public:
  // A frame that has been accepted and waits for a worker.
  FrameWork(const ProcessContext& context, std::string_view id, const base::Allowance& allowance);

  // On a worker, first thing: fails when the time of the request is over.
  base::Result<void> Begin();

  // Decodes and looks. A frame without an id is given one. After Begin.
  base::Result<frame::FrameResult> Run(process::Processor& processor, frame::Frame& frame,
                                       process::CameraTurns::Turn turn);

  // What became of the frame, counted; once. Refused: no worker ever had it.
  void Completed(const frame::FrameResult& result);
  void Failed(const base::Error& error);
  void Refused(const base::Error& error) { metrics_.FrameFailed(error); }

  const base::Allowance& allowance() const { return allowance_; }

 private:
  // Every step here is one that the table of states has, so its result says nothing new.
  void Go(frame::FrameAction action) { (void)tracked_.Apply(action); }

  const base::Clock& clock_;
  telemetry::Metrics& metrics_;
  process::TrackedFrame tracked_;
  base::Allowance allowance_;
  base::MonoTime handed_over_;
  std::chrono::nanoseconds queued_{0};
};

}  // namespace sampleproc::api

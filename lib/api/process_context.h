// What the doors over HTTP share.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/id_source.h"
#include "base/log.h"
#include "base/trace_context.h"
#include "cameras/roster.h"
#include "frame/frame.h"
#include "frame/frame_result.h"
#include "frame/options.h"
#include "http/message.h"
#include "http/rate_limiter.h"
#include "process/frame_tracker.h"
#include "process/frame_work.h"
#include "process/metrics.h"
#include "process/worker_pool.h"

namespace sampleproc::api {

// Takes what was found in a frame that a request brought, in a worker's thread; `timestamp` is the
// frame's, as its sender wrote it, `trace` the one it belongs to. Does not wait and does not throw.
using DeliverResult = std::function<void(const frame::FrameResult& result,
                                         const std::optional<std::string>& timestamp,
                                         const std::optional<base::TraceContext>& trace)>;

// What the references refer to must outlive the handlers and all work that they began. The rest is
// the handlers' own, because work goes on when the configuration it began with is replaced.
struct ProcessContext {
  process::WorkerPool& pool;
  process::FrameTracker& tracker;
  const base::Clock& clock;
  process::Metrics& metrics;
  base::Logger& log;
  base::IdSource& ids;
  frame::Options frame;
  bool simulated_gpu = false;
  std::shared_ptr<http::RateLimiter> limiter = nullptr;  // null: no limit
  cameras::Roster* roster = nullptr;                     // null: nobody asks for cameras
  const DeliverResult* deliver = nullptr;                // null: results are answers and no more

  process::WorkContext Work() const {
    return {tracker, clock, metrics, roster, cameras::Roster::kHttp};
  }
};

// Reserves a body of more than 64 KiB until it has been written: a client that reads slowly makes
// us hold it. Fails with kOverloaded, or kInvalidFrame when it can never fit.
base::Result<void> ReserveBody(const ProcessContext& context, http::Response& response);

// Of a request's work: the trace that is recorded, else the caller's, `callers`.
std::optional<base::TraceContext> TraceOf(const process::FrameWork& work,
                                          const std::optional<base::TraceContext>& callers);

// Gives a frame without an id one in the original service's form: "api_frame_" and the seconds
// since 1970 with their fraction.
void NameFrame(const base::Clock& clock, frame::Frame& frame);

}  // namespace sampleproc::api

// Those who look at frames: the seam between the dispatcher and the worker pool.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>

#include "base/deadline.h"
#include "base/error.h"
#include "frame/frame.h"
#include "frame/frame_result.h"

namespace sampleproc::consumer {

// One frame's visit to a worker. All that it needs is here already: a visit never waits for
// somebody else's network.
struct Visit {
  struct Assignment {
    const frame::Frame& frame;  // valid until `end` has returned
    const base::Allowance& allowance;
  };
  // The worker that takes the visit calls this first. Nothing: the frame is no longer to be looked
  // at, and the visit is over without `end`.
  std::move_only_function<std::optional<Assignment>()> begin;
  // What became of it; once.
  std::move_only_function<void(base::Result<frame::FrameResult>)> end;
};

// Any thread may call.
class Workers {
 public:
  virtual ~Workers() = default;

  // Queues a visit; visits are begun in the order in which they were submitted, and so are the
  // turns of their cameras (process/camera_turns.h). Never waits, and never calls the visit within
  // this call, because the caller may hold a lock. Fails with kOverloaded (no room now) or
  // kShuttingDown; then the visit is dropped.
  virtual base::Result<void> Submit(Visit visit) = 0;

  // How many visits are worked on at the same time; at least 1.
  virtual int count() const = 0;

  // How many workers have been at one visit for `limit` or longer.
  virtual int Stuck(std::chrono::milliseconds limit) const = 0;
};

}  // namespace sampleproc::consumer

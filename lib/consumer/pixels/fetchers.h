// Fetches pixels while others go on: the seam between the dispatcher and those who wait for hosts.
#pragma once

#include <functional>

#include "base/deadline.h"
#include "base/error.h"
#include "consumer/pixels/pixels.h"

namespace sampleproc::consumer {

// Any thread may call.
class Fetchers {
 public:
  using OnFetched = std::move_only_function<void(base::Result<FetchedPixels>)>;

  virtual ~Fetchers() = default;

  // Begins a fetch. Never waits, and never calls `done` within this call, because the caller may
  // hold a lock. `done` is called exactly once, also for a fetch that was cancelled; soon after the
  // allowance has ended at the latest. Who calls keeps to Options::fetches of them at a time.
  virtual void Start(PixelPlace place, base::Allowance allowance, OnFetched done) = 0;
};

}  // namespace sampleproc::consumer

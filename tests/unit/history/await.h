// Waiting for what another thread does.
#pragma once

#include <chrono>
#include <thread>

#include "base/clock.h"
#include "base/deadline.h"

namespace sampleproc::history {

inline base::Deadline Patience() { return {base::SystemClock(), std::chrono::seconds(60)}; }

// Until it is so; a condition, never a time. Whether it came to be.
template <typename Condition>
bool Await(const Condition& condition) {
  const base::Deadline end = Patience();
  while (!condition() && !end.Expired()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  return condition();
}

}  // namespace sampleproc::history

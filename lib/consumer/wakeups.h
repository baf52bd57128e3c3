// Time that passes without anything happening: the seam between the dispatcher and a timer.
#pragma once

#include "base/clock.h"

namespace sampleproc::consumer {

// Any thread may call.
class Wakeups {
 public:
  virtual ~Wakeups() = default;

  // Has Dispatcher::Tick called at `when` or soon after, on another thread than this one, once. Of
  // several that were asked for the earliest counts: a tick forgets the others, and the dispatcher
  // asks again for what it still needs. Never waits; the caller may hold a lock.
  virtual void At(base::MonoTime when) = 0;
};

}  // namespace sampleproc::consumer

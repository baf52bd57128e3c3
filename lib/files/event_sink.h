// Where the events of a run go.
#pragma once

#include "base/error.h"
#include "frame/event.h"

namespace sampleproc::files {

// Used by one thread at a time.
class EventSink {
 public:
  virtual ~EventSink() = default;
  // Fails as the sink's output does.
  virtual base::Result<void> Take(const frame::Event& event) = 0;
  // After the last one.
  virtual base::Result<void> Flush() = 0;
};

}  // namespace sampleproc::files

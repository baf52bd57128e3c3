// Lines of the log that are about one pulled frame.
#pragma once

#include <string_view>

#include "base/log.h"
#include "consumer/held_frame.h"

namespace sampleproc::consumer {

// For the length of a statement: FrameLog(held, log).Warning("...", {...}). Its lines say which
// frame, which camera and which trace.
inline base::ChildLogger FrameLog(const HeldFrame& held, base::Logger& log) {
  const FrameEntry& entry = held.delivery.entry;
  return {log,
          {{"frame_id", std::string_view(entry.frame_id)},
           {"camera", entry.camera_id ? std::string_view(*entry.camera_id) : std::string_view()},
           {"trace_id", base::TraceIdOf(held.traceparent)}}};
}

}  // namespace sampleproc::consumer

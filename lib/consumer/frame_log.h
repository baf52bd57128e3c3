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

// Says of a frame why it cannot be done.
void LogDeath(const HeldFrame& held, base::LogLevel level, const base::Error& error,
              base::Logger& log);

// Says of a frame where its pixels were looked for, and where not.
void LogWithoutPixels(const HeldFrame& held, base::LogLevel level, base::Logger& log);

}  // namespace sampleproc::consumer

// Lines of the log that are about one result or message of an event on its way to a sink.
#pragma once

#include <string_view>

#include "base/log.h"
#include "base/trace_context.h"
#include "consumer/result_sink.h"

namespace sampleproc::consumer {

// For the length of a statement, as FrameLog: its lines say which frame, which camera, which event
// and which trace.
inline base::ChildLogger RecordLog(const ResultRecord& record, base::Logger& log) {
  return {log,
          {{"frame_id", std::string_view(record.frame_id)},
           {"camera", std::string_view(record.camera_id)},
           {"event", std::string_view(record.event_key)},
           {"trace_id", base::TraceIdOf(record.traceparent)}}};
}

}  // namespace sampleproc::consumer

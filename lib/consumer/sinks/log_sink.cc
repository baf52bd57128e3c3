#include "consumer/sinks/log_sink.h"

#include "base/trace_context.h"

namespace sampleproc::consumer {

void LogSink::Take(const ResultRecord& record) {
  ++(log_.Enabled(base::LogLevel::kInfo) ? delivered_ : lost_);
  const std::string_view kind = record.is_event() ? "event" : "result";
  // The event's own text has its key.
  base::ChildLogger(log_, {{"frame_id", std::string_view(record.frame_id)},
                           {"camera", std::string_view(record.camera_id)},
                           {"trace_id", base::TraceIdOf(record.traceparent)}})
      .Info(kind, {{kind, std::string_view(record.json)}});
}

SinkCounts LogSink::counts() const {
  const std::uint64_t delivered = delivered_;
  const std::uint64_t lost = lost_;
  return {.taken = delivered + lost, .delivered = delivered, .lost = lost};
}

}  // namespace sampleproc::consumer

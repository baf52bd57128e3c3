#include "consumer/result_entry.h"

#include "frame/frame_time.h"

namespace sampleproc::consumer {

void AppendResultEntry(const ResultRecord& record, const std::string& processor_id,
                       base::WallTime time, net::RedisCommand& command) {
  command.insert(command.end(),
                 {"frame_id", record.frame_id, "processor_id", processor_id, "timestamp",
                  frame::EpochSeconds(time), record.is_event() ? "event" : "result", record.json});
  if (record.traceparent.empty()) return;
  command.insert(command.end(), {"traceparent", record.traceparent});
  if (record.tracestate.empty()) return;
  command.insert(command.end(), {"tracestate", record.tracestate});
}

}  // namespace sampleproc::consumer

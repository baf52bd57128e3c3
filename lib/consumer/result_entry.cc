#include "consumer/result_entry.h"

#include <charconv>
#include <chrono>

namespace sampleproc::consumer {

std::string EpochSeconds(base::WallTime time) {
  const double seconds = std::chrono::duration<double>(time.time_since_epoch()).count();
  char text[32];
  const auto end =
      std::to_chars(text, text + sizeof text, seconds, std::chars_format::fixed, 6).ptr;
  return {text, end};
}

void AppendResultEntry(const ResultRecord& record, const std::string& processor_id,
                       base::WallTime time, net::RedisCommand& command) {
  command.insert(command.end(),
                 {"frame_id", record.frame_id, "processor_id", processor_id, "timestamp",
                  EpochSeconds(time), record.is_event() ? "event" : "result", record.json});
  if (record.traceparent.empty()) return;
  command.insert(command.end(), {"traceparent", record.traceparent});
}

}  // namespace sampleproc::consumer

#include "consumer/sinks/log_sink.h"

namespace sampleproc::consumer {

void LogSink::Take(const ResultRecord& record) {
  ++(log_.Enabled(base::LogLevel::kInfo) ? delivered_ : lost_);
  log_.Info("result", {{"frame_id", std::string_view(record.frame_id)},
                       {"result", std::string_view(record.json)}});
}

SinkCounts LogSink::counts() const {
  const std::uint64_t delivered = delivered_;
  const std::uint64_t lost = lost_;
  return {.taken = delivered + lost, .delivered = delivered, .lost = lost};
}

}  // namespace sampleproc::consumer

#include "consumer/log_sink.h"

namespace sampleproc::consumer {

void LogSink::Take(const ResultRecord& record) {
  log_.Info("result", {{"frame_id", std::string_view(record.frame_id)},
                       {"result", std::string_view(record.json)}});
  ++taken_;
}

SinkCounts LogSink::counts() const {
  const std::uint64_t taken = taken_;
  return {.taken = taken, .delivered = taken};
}

}  // namespace sampleproc::consumer

// Results and events as lines of the service's log.
#pragma once

#include <atomic>

#include "base/log.h"
#include "consumer/result_sink.h"

namespace sampleproc::consumer {

// At the level info, each with the record as text; where the log is less detailed they are lost.
class LogSink final : public ResultSink {
 public:
  // `log` must outlive it.
  explicit LogSink(base::Logger& log) : log_(log) {}

  std::string_view name() const override { return "log"; }
  void Take(const ResultRecord& record) override;
  void Flush(const base::Deadline&) override {}
  SinkCounts counts() const override;

 private:
  base::Logger& log_;
  std::atomic<std::uint64_t> delivered_ = 0;
  std::atomic<std::uint64_t> lost_ = 0;
};

}  // namespace sampleproc::consumer

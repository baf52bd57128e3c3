// Results and events as lines of the service's log.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "consumer/result_sink.h"
#include "telemetry/conditions.h"

namespace sampleproc::consumer {

// At the level info, each with the record as text. Where the log is less detailed they are lost; so
// are those whose line cannot be written, for good. That, and that lines wait for kBehind for
// whoever reads the log, is the condition `sink` of the subject "log".
class LogSink final : public ResultSink {
 public:
  static constexpr std::chrono::seconds kBehind{10};
  // A loss is over when none was lost for so long, and some were written or could be.
  static constexpr std::chrono::seconds kLossLasts{5};

  // All of it must outlive it.
  LogSink(const base::Clock& clock, telemetry::Conditions& conditions, base::Logger& log)
      : clock_(clock), conditions_(conditions), log_(log) {}

  std::string_view name() const override { return "log"; }
  void Take(const ResultRecord& record) override;
  void Flush(const base::Deadline& end) override { log_.Flush(end); }
  void Look() override;
  SinkCounts counts() const override;

 private:
  struct Loss {
    std::uint64_t before = 0;     // lost before it
    std::uint64_t delivered = 0;  // when the last was lost
    base::MonoTime last;
  };

  bool IsWritten(const SinkCounts& counts) const;
  std::string Problem(const SinkCounts& counts) REQUIRES(mutex_);

  const base::Clock& clock_;
  telemetry::Conditions& conditions_;
  base::Logger& log_;
  std::atomic<std::uint64_t> handed_ = 0;    // to the log
  std::atomic<std::uint64_t> left_out_ = 0;  // by its level
  const std::shared_ptr<base::LineCounts> lines_ = std::make_shared<base::LineCounts>();
  std::atomic<bool> leaving_out_ = false;
  std::atomic<bool> failing_ = false;

  base::Mutex mutex_;  // of Look
  std::uint64_t seen_lost_ GUARDED_BY(mutex_) = 0;
  std::optional<Loss> loss_ GUARDED_BY(mutex_);
  std::uint64_t seen_settled_ GUARDED_BY(mutex_) = 0;
  base::MonoTime moved_ GUARDED_BY(mutex_){};  // when a line was last settled, or none waited
};

}  // namespace sampleproc::consumer

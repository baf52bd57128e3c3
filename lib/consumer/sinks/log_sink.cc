#include "consumer/sinks/log_sink.h"

#include <chrono>

#include "base/trace_context.h"

namespace sampleproc::consumer {

void LogSink::Take(const ResultRecord& record) {
  if (!log_.Enabled(base::LogLevel::kInfo)) {
    leaving_out_ = true;
    ++left_out_;
    return;
  }
  leaving_out_ = false;
  ++handed_;
  const std::string_view kind = record.is_event() ? "event" : "result";
  // The event's own text has its key.
  base::ChildLogger(log_, {{"frame_id", std::string_view(record.frame_id)},
                           {"camera", std::string_view(record.camera_id)},
                           {"trace_id", base::TraceIdOf(record.traceparent)}})
      .WriteCounted(base::LogLevel::kInfo, kind, {{kind, std::string_view(record.json)}}, lines_);
}

SinkCounts LogSink::counts() const {
  const std::uint64_t delivered = lines_->written;
  const std::uint64_t lost_later = lines_->lost;
  const std::uint64_t left_out = left_out_;
  // Read last: what is settled by now has been handed over.
  return {.taken = handed_ + left_out,
          .delivered = delivered,
          .lost = lost_later + left_out,
          .lost_later = lost_later,
          .losing = leaving_out_,
          .failing = failing_};
}

std::string LogSink::Problem(const SinkCounts& counts) {
  const base::MonoTime now = clock_.Now();
  if (counts.lost > seen_lost_) {
    if (!loss_) loss_ = Loss{.before = seen_lost_, .delivered = 0, .last = now};
    loss_->last = now;
    loss_->delivered = counts.delivered;
    seen_lost_ = counts.lost;
  } else if (loss_ && now - loss_->last >= kLossLasts &&
             (counts.delivered > loss_->delivered || IsWritten(counts))) {
    loss_.reset();
  }
  if (counts.held() == 0 || counts.settled() != seen_settled_) moved_ = now;
  seen_settled_ = counts.settled();

  if (loss_) {
    const std::string lost = std::to_string(seen_lost_ - loss_->before) + " are lost so far";
    return leaving_out_
               ? "results are lines of level info, which telemetry.log_level leaves out: " + lost
               : "the log cannot be written, its disk is full or its reader is slow or "
                 "gone: " +
                     lost;
  }
  const auto waited = now - moved_;
  if (waited < kBehind) return {};
  return std::to_string(counts.held()) +
         " results wait for whoever reads the log, who has taken "
         "nothing for " +
         std::to_string(std::chrono::duration_cast<std::chrono::seconds>(waited).count()) + " s";
}

// Whether the log takes lines, as far as it can be seen without one of a result.
bool LogSink::IsWritten(const SinkCounts& counts) const {
  return !leaving_out_ && counts.held() == 0 && log_.WhyNotWritten().empty();
}

void LogSink::Look() {
  const base::MutexLock lock(mutex_);
  const std::string problem = Problem(counts());
  failing_ = !problem.empty();
  if (problem.empty()) {
    conditions_.Clear(telemetry::condition::kSink, name());
  } else {
    conditions_.Raise(telemetry::condition::kSink, name(), problem);
  }
}

}  // namespace sampleproc::consumer

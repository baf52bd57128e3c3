#include "service/statistics.h"

#include <cmath>
#include <vector>

#include "telemetry/process_stats.h"

namespace sampleproc::service {
namespace {

double Rounded(double value) { return std::round(value * 1000) / 1000; }

template <typename Count>
std::int64_t Int(Count count) {
  return static_cast<std::int64_t>(count);
}

}  // namespace

bool Statistics::Due() const {
  return interval_.count() > 0 && clock_.Now() - last_ >= interval_ &&
         log_.Enabled(base::LogLevel::kInfo);
}

void Statistics::Tell(const Facts& facts) {
  const process::FrameTotals& frames = facts.frames;
  const api::ServiceFacts& service = facts.service;
  const base::MonoTime now = clock_.Now();
  const double seconds = std::chrono::duration<double>(now - last_).count();
  const telemetry::ProcessStats process = telemetry::ReadProcessStats();
  Sums sums{.processed = frames.processed,
            .failed = frames.failed,
            .log_lines_lost = facts.log_lines_lost,
            .cpu_seconds = process.cpu_seconds};
  std::uint64_t results_held = 0;
  for (const auto& [name, counts] : facts.sinks) {
    results_held += counts.held();
    sums.results_lost += counts.lost - counts.put_off;
  }
  const std::uint64_t processed = sums.processed - told_.processed;
  std::vector<base::LogField> fields = {
      {"seconds", Rounded(seconds)},
      {"frames", Int(processed)},
      {"failed_frames", Int(sums.failed - told_.failed)},
      {"frames_per_second", Rounded(seconds > 0 ? static_cast<double>(processed) / seconds : 0)},
      {"average_ms", Rounded(frames.average_seconds * 1000)},
      {"queued_frames", Int(service.load.queued_frames)},
      {"active_frames", Int(service.load.active_frames)},
      {"workers", Int(service.load.workers)},
      {"connections", Int(facts.connections)},
      {"budget_used_bytes", Int(service.budget_used_bytes)},
      {"budget_bytes", Int(service.budget_bytes)},
      {"resident_bytes", Int(process.resident_bytes)},
      {"cpu_percent",
       Rounded(seconds > 0 ? (process.cpu_seconds - told_.cpu_seconds) / seconds * 100 : 0)},
      {"conditions", Int(service.conditions.size())},
      {"log_lines_lost", Int(sums.log_lines_lost - told_.log_lines_lost)}};
  if (service.consumer) {
    fields.push_back({"held_frames", Int(service.consumer->held_frames)});
    fields.push_back({"oldest_frame_s", Rounded(service.consumer->oldest_frame_age_seconds)});
  }
  if (!facts.sinks.empty()) {
    fields.push_back({"results_held", Int(results_held)});
    fields.push_back({"results_lost", Int(sums.results_lost - told_.results_lost)});
  }
  log_.Info("statistics", base::LogFields(fields));
  last_ = now;
  told_ = sums;
}

}  // namespace sampleproc::service

// A line in the log, again and again, that says how much there was to do: for whoever has only the
// log.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "api/service_facts.h"
#include "base/clock.h"
#include "base/log.h"
#include "consumer/metrics.h"
#include "process/frame_history.h"

namespace sampleproc::service {

// The line "statistics", at level info: what came in the time since the last one, and what is so
// now. One thread.
class Statistics {
 public:
  // What is so now, and has been counted so far.
  struct Facts {
    process::FrameTotals frames;
    api::ServiceFacts service;
    std::vector<consumer::SinkReading> sinks;
    int connections = 0;
    std::uint64_t log_lines_lost = 0;
  };

  // `interval` of 0: no lines. Both must outlive it.
  Statistics(std::chrono::milliseconds interval, const base::Clock& clock, base::Logger& log)
      : interval_(interval), clock_(clock), log_(log), last_(clock.Now()) {}

  // Whether the next line is due, and worth its readings.
  bool Due() const;
  void Tell(const Facts& facts);

 private:
  struct Sums {
    std::uint64_t processed = 0;
    std::uint64_t failed = 0;
    std::uint64_t results_lost = 0;
    std::uint64_t log_lines_lost = 0;
    double cpu_seconds = 0;
  };

  const std::chrono::milliseconds interval_;
  const base::Clock& clock_;
  base::Logger& log_;
  base::MonoTime last_;  // when the last line was told
  Sums told_;            // up to then
};

}  // namespace sampleproc::service

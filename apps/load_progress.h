// What is shown of a run while it lasts.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "loadtest/runner.h"

namespace sampleproc::apps {

// Once a second one line, rewritten on a terminal; elsewhere a line every five seconds. Wipes its
// line when it is destroyed. Used by one thread.
class LoadProgress {
 public:
  enum class Kind { kNone, kLines, kTerminal };

  LoadProgress(std::ostream& out, Kind kind) : out_(out), kind_(kind) {}
  LoadProgress(const LoadProgress&) = delete;
  LoadProgress& operator=(const LoadProgress&) = delete;
  ~LoadProgress();

  // Before the first second, once a second: so many connections are open.
  void ShowOpening(std::size_t opened, std::size_t wanted);
  void Show(const loadtest::Second& second, const loadtest::Measurement& total);

 private:
  std::ostream& out_;
  const Kind kind_;
  std::uint64_t told_ = 0;  // how often of connections
};

// "12 s  498/s  p50 1.2 ms  p99 8.1 ms  errors 0"
std::string FormatSecond(const loadtest::Second& second, const loadtest::Measurement& total);

// The shape of a distribution in ten characters, fast answers to the left: "▁▂█▅▂▁    ".
std::string Spark(const loadtest::Histogram& histogram);

}  // namespace sampleproc::apps

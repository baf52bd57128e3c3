// A line at the beginning and at the end of what happens often, instead of one each time.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"

namespace sampleproc::telemetry {

// Follows a count that only grows. The log gets `message` at the level `level`, with `reason`, a
// `state` and how many there were: "begins" when the count grows, "goes on" every kAgain while it
// does, "ended" with those of the whole episode when it has not grown for kQuiet. One thread.
class Episode {
 public:
  static constexpr std::chrono::seconds kAgain{60};
  static constexpr std::chrono::seconds kQuiet{10};

  // `log` must outlive it.
  Episode(std::string message, std::string reason, base::Logger& log,
          base::LogLevel level = base::LogLevel::kInfo)
      : message_(std::move(message)), reason_(std::move(reason)), log_(log), level_(level) {}

  // The count at this time. Every second or so.
  void Look(std::uint64_t count, base::MonoTime now);

 private:
  void Tell(std::string_view state, std::uint64_t count) const;

  const std::string message_;
  const std::string reason_;
  base::Logger& log_;
  const base::LogLevel level_;
  bool lasts_ = false;
  std::uint64_t before_ = 0;  // the count before the episode
  std::uint64_t last_ = 0;    // the count of the last look
  std::uint64_t told_ = 0;    // the count of the last line
  base::MonoTime grew_{};
  base::MonoTime told_at_{};
};

}  // namespace sampleproc::telemetry

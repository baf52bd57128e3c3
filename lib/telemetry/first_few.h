// Which of many things that happen alike have a line of their own in the log.
#pragma once

#include <chrono>

#include "base/clock.h"

namespace sampleproc::telemetry {

// The first kLines of a row; after kQuiet without any a new row begins. Beside it an Episode tells
// how many there are. One thread at a time.
class FirstFew {
 public:
  static constexpr int kLines = 10;
  static constexpr std::chrono::seconds kQuiet{10};

  // Whether what happens at this time is among them.
  bool Next(base::MonoTime now) {
    if (now - last_ >= kQuiet) lines_ = 0;
    last_ = now;
    if (lines_ == kLines) return false;
    ++lines_;
    return true;
  }

 private:
  int lines_ = 0;
  base::MonoTime last_{};
};

}  // namespace sampleproc::telemetry

// Which of many things that happen alike have a line of their own in the log.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

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
    if (!Lasts(now)) lines_ = 0;
    last_ = now;
    if (lines_ == kLines) return false;
    ++lines_;
    return true;
  }

  // Whether a row goes on.
  bool Lasts(base::MonoTime now) const { return now - last_ < kQuiet; }

 private:
  int lines_ = 0;
  base::MonoTime last_{};
};

// The first few of each subject, so that what one camera does a thousand times does not hide what
// another does for the first time. Subjects may be anybody's words: beyond kSubjects whose rows go
// on, all others share one row. One thread at a time.
class FirstFewOfEach {
 public:
  static constexpr std::size_t kSubjects = 32;

  bool Next(std::string_view subject, base::MonoTime now) {
    auto found = rows_.find(subject);
    if (found == rows_.end()) {
      if (rows_.size() == kSubjects) {
        std::erase_if(rows_, [now](const auto& row) { return !row.second.Lasts(now); });
      }
      if (rows_.size() == kSubjects) return others_.Next(now);
      found = rows_.emplace(subject, FirstFew()).first;
    }
    return found->second.Next(now);
  }

 private:
  std::map<std::string, FirstFew, std::less<>> rows_;
  FirstFew others_;
};

}  // namespace sampleproc::telemetry

// When a frame was taken, by what its sender wrote.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace sampleproc::frame {

// Frames of a camera that come so late are a little out of order.
inline constexpr std::chrono::seconds kMostDisorder{1};

// Tells frames of a camera that come late from those whose time begins anew, as that of a recording
// that starts again or of a clock that was set. One thread at a time.
class TimeOrder {
 public:
  using Time = std::chrono::microseconds;  // since any beginning

  enum class Place {
    kNext,  // the latest so far, or out of order by kMostDisorder at the most
    kLate,  // a single one that is older
    kAnew,  // older by over a minute, or the second older one in a row, which is not before the
            // first
  };

  Place Take(Time at) {
    if (!latest_ || at >= *latest_ - kMostDisorder) {
      latest_ = std::max(latest_.value_or(at), at);
      late_.reset();
      return Place::kNext;
    }
    if (*latest_ - at <= kLongAgo && !(late_ && at >= *late_ - kMostDisorder)) {
      late_ = at;
      return Place::kLate;
    }
    latest_ = at;
    late_.reset();
    return Place::kAnew;
  }

 private:
  static constexpr std::chrono::minutes kLongAgo{1};

  std::optional<Time> latest_;
  std::optional<Time> late_;  // the last frame, where it was kLate
};

// Seconds since 1970 with or without a fraction ("1753787696.5"), or a date and time of ISO 8601 in
// the extended format with seconds ("2025-07-29T11:14:56.123456Z", a blank for the T, an offset as
// +hh:mm or +hhmm, and UTC where none is given). Nothing for anything else, and for times outside
// 1970 to 2262, beyond which nanoseconds do not fit 64 bits.
std::optional<base::WallTime> ParseFrameTime(std::string_view text);

// Seconds since 1970 with six decimals, as Python's time.time() is written.
std::string EpochSeconds(base::WallTime time);

}  // namespace sampleproc::frame

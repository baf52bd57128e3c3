// When a frame was taken, by what its sender wrote.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace sampleproc::frame {

// Seconds since 1970 with or without a fraction ("1753787696.5"), or a date and time of ISO 8601 in
// the extended format with seconds ("2025-07-29T11:14:56.123456Z", a blank for the T, an offset as
// +hh:mm or +hhmm, and UTC where none is given). Nothing for anything else, and for times outside
// 1970 to 2262, beyond which nanoseconds do not fit 64 bits.
std::optional<base::WallTime> ParseFrameTime(std::string_view text);

// Seconds since 1970 with six decimals, as Python's time.time() is written.
std::string EpochSeconds(base::WallTime time);

}  // namespace sampleproc::frame

// How much of a quota is left in the last minute: the decision alone, with the time passed in.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace sampleproc::resilience {

// Counts what was admitted in each second. Any 60 s, wherever they begin, touch at most 61 calendar
// seconds; so a quota held over this second and the 60 before it is held in every 60 s. The price
// is that a unit comes back after 60 to 61 s. Small, because there is one for each client: 61
// counters of 16 bits. One thread at a time.
class SlidingWindow {
 public:
  static constexpr std::uint32_t kMaxLimit = 60'000;  // so that the counters hold it
  static constexpr std::chrono::seconds kWindow{60};

  struct Decision {
    bool allowed = false;
    std::uint32_t remaining = 0;  // units left now
    // Refused: until the same would be allowed if nobody asked in between; when `cost` is over the
    // limit itself, until all units are back. Allowed: until the oldest unit in use comes back.
    // Whole seconds, rounded up, at least 1 when refused.
    std::chrono::seconds wait{};
  };

  // Takes `cost` units if that many are left of `limit` (at most kMaxLimit), else none. `now` must
  // not go back by more than the resolution; earlier times count as the latest seen.
  Decision Take(base::MonoTime now, std::uint32_t cost, std::uint32_t limit);

  // Whether nothing is counted any more at `now`: such a window is as good as a new one.
  bool IdleAt(base::MonoTime now) const;

 private:
  static constexpr std::int64_t kSeconds = 61;

  void AdvanceTo(std::int64_t second);
  std::chrono::seconds UntilFree(base::MonoTime now, std::uint32_t units) const;

  std::int64_t newest_ = 0;  // second that the ring ends with
  std::uint32_t total_ = 0;
  std::array<std::uint16_t, kSeconds> counts_{};  // of second s at s % kSeconds
};

}  // namespace sampleproc::resilience

// How much of a quota is left in the last minute: the decision alone, with the time passed in.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace sampleproc::resilience {

// Counts what was admitted in each second, and when in that second the last of it was: any 60 s,
// wherever they begin, touch at most 61 calendar seconds, and the oldest of them counts until 60 s
// after its last unit. So the quota is held in every 60 s, nobody waits for longer than those, and
// a unit comes back up to a second late. Small, because there is one for each client: 61 counters
// and 61 times, of 16 bits each. One thread at a time.
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

  // Where a second, of the newest kSeconds, is counted.
  static std::size_t At(std::int64_t second) {
    return static_cast<std::size_t>((second % kSeconds + kSeconds) % kSeconds);
  }
  void AdvanceTo(std::int64_t second);
  void Forget(std::int64_t second);
  base::MonoTime FreeAt(std::int64_t second) const;  // when what that second counts comes back
  std::chrono::seconds UntilFree(base::MonoTime now, std::uint32_t units) const;

  std::int64_t newest_ = 0;  // second that the ring ends with
  std::uint32_t total_ = 0;
  std::array<std::uint16_t, kSeconds> counts_{};  // of second s at s % kSeconds
  std::array<std::uint16_t, kSeconds> last_{};    // likewise, in parts of the second, rounded down
};

}  // namespace sampleproc::resilience

// Tells that most of what is pulled has no pixels: each such frame ends as it should, and in a log
// of thousands nobody sees that it is most of them.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "consumer/frame_entry.h"
#include "consumer/pixels/pixels.h"
#include "telemetry/conditions.h"

namespace sampleproc::consumer {

// The condition `no_pixels`: of the frames that ended within kWindow more than half had no pixels
// anywhere, at least kFewest, and it has gone on like that for kTold. It ends when at most a
// quarter of them have none, and kForgotten after the last one when no more frames come. Used by
// one thread at a time; takes times as they are given.
class MissingPixels {
 public:
  static constexpr std::chrono::seconds kWindow{10};
  static constexpr std::chrono::seconds kTold{3};
  static constexpr std::chrono::seconds kForgotten{60};
  static constexpr std::uint64_t kFewest = 3;

  // `conditions` must outlive it.
  explicit MissingPixels(telemetry::Conditions& conditions) : conditions_(conditions) {}

  // None of the frame's `places` had its pixels. Without memory the reason is that of an earlier
  // frame.
  void Missing(const FrameEntry& entry, const std::vector<PixelPlace>& places,
               base::MonoTime now) noexcept;
  // A frame ended that had its pixels, whatever became of it.
  void Had(base::MonoTime now) noexcept;

  // Tells what lasts, and what has ended; once a second, however often it is called. To be called
  // while it is not idle().
  void Look(base::MonoTime now);
  bool idle() const { return !told_ && !last_missing_; }
  // Whether the condition lasts.
  bool told() const { return told_; }

 private:
  struct Second {
    std::int64_t number = -1;
    std::uint64_t missing = 0;
    std::uint64_t had = 0;
  };

  Second& At(base::MonoTime now) noexcept;
  Second Sum(base::MonoTime now) const;
  void Begin(const Second& sum);
  void Continue(const Second& sum, base::MonoTime now);
  void Raise(const Second& sum) const;

  telemetry::Conditions& conditions_;
  std::array<Second, kWindow.count()> seconds_{};
  bool told_ = false;
  std::optional<base::MonoTime> since_;  // the first look that found more than half missing
  std::optional<base::MonoTime> last_missing_;
  base::MonoTime next_look_{};
  std::string why_;  // of a frame within the last second that had one
};

}  // namespace sampleproc::consumer

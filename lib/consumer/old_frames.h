// Tells that frames that wait are old, and why.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "consumer/frame_source.h"
#include "telemetry/conditions.h"

namespace sampleproc::consumer {

// Of the oldest of them by its timestamp; 0 when none has one that can be read, or all are of the
// future.
std::chrono::nanoseconds OldestAge(std::span<const Delivery> pulled, base::WallTime now);

// The reason of the condition `old_frames`: how old the oldest waiting frame is, how old frames are
// when they are pulled, and so where they wait. `by_us`: they wait there because no more
// are pulled than can be worked on. Pure.
std::string OldFramesReason(std::chrono::nanoseconds waiting, std::chrono::nanoseconds pulled,
                            bool by_us);

// The condition `old_frames`: a frame waits that is older than kOld. It ends when for kSteady no
// look has found one older than kYoung, and none came: what is pulled and ends at once, for want of
// pixels, waits at one look and not at the next. Used by one thread at a time; takes times as they
// are given.
class OldFrames {
 public:
  static constexpr std::chrono::seconds kOld{10};
  static constexpr std::chrono::seconds kYoung{5};
  static constexpr std::chrono::seconds kSteady{10};

  struct Ages {
    std::chrono::nanoseconds waiting{0};           // of the oldest frame that waits now
    std::chrono::nanoseconds pulled{0};            // of the last pull's oldest, when it came
    std::optional<base::MonoTime> last_pull = {};  // when that was
    bool by_us = false;                            // see OldFramesReason
  };

  // `conditions` must outlive it.
  explicit OldFrames(telemetry::Conditions& conditions) : conditions_(conditions) {}

  // Every second or so.
  void Look(const Ages& ages, base::MonoTime now);

 private:
  telemetry::Conditions& conditions_;
  std::optional<base::MonoTime> last_old_;  // while it is told: when a frame was older than kYoung
};

}  // namespace sampleproc::consumer

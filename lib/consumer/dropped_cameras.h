// Cameras of which every frame is dropped for its age or for a newer one, has no pixels or cannot
// be done: nobody else would tell.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "telemetry/conditions.h"

namespace sampleproc::consumer {

// What a frame was waiting for when it was dropped.
enum class WaitedFor {
  kNothing,  // it was too old when it came
  kPixels,
  kWorker,
};
enum class DroppedFor { kAge, kNewer, kNoPixels, kError };

// The condition `frames_dropped`: of a camera nothing but such frames, at least kFewest of them,
// over kTold. It ends with the first frame that is looked at, and when no more are dropped for
// kForgotten. Used by one thread at a time. Frames without a camera count as those of "".
class DroppedCameras {
 public:
  static constexpr std::chrono::seconds kTold{10};
  static constexpr std::chrono::seconds kForgotten{60};
  static constexpr int kFewest = 3;
  // Cameras that are followed at a time; no frame of those was looked at since its first drop.
  static constexpr std::size_t kMost = telemetry::Conditions::kMostCounted;

  // `conditions` must outlive it.
  explicit DroppedCameras(telemetry::Conditions& conditions) : conditions_(conditions) {}

  // Without memory the frame does not count.
  void Dropped(const std::optional<std::string>& camera, DroppedFor why, WaitedFor waited,
               base::MonoTime now) noexcept;
  // It could not be done, by an error of this name, which has static lifetime.
  void Failed(const std::optional<std::string>& camera, std::string_view error,
              base::MonoTime now) noexcept;
  // A frame of it was looked at, or it ended in a way that is told elsewhere.
  void Kept(const std::optional<std::string>& camera) noexcept;

  // Tells what lasts, and what has ended; once a second, however often it is called. To be called
  // while there are any.
  void Look(base::MonoTime now);
  bool empty() const { return cameras_.empty(); }

 private:
  struct Drops {
    base::MonoTime first{};
    base::MonoTime last{};
    int count = 0;
    DroppedFor why{};
    WaitedFor waited{};
    std::string_view error = {};
  };

  void Count(const std::optional<std::string>& camera, const Drops& what,
             base::MonoTime now) noexcept;
  static std::string WhyDropped(const Drops& drops);

  telemetry::Conditions& conditions_;
  base::MonoTime next_look_{};
  std::map<std::string, Drops, std::less<>> cameras_;
};

}  // namespace sampleproc::consumer

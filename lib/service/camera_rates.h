// Whether the cameras whose pictures the service takes itself are looked at as often as they are to
// be.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cameras/camera_gauges.h"
#include "telemetry/conditions.h"

namespace sampleproc::service {

// A camera is a condition when for kLong fewer than half of its pictures that were due found a
// worker. What its fps leaves out was not due, and what could not be decoded found one. One thread
// at a time.
class CameraRates {
 public:
  static constexpr std::chrono::seconds kSlice{10};
  static constexpr std::chrono::seconds kLong{30};

  // Both must outlive it.
  CameraRates(const base::Clock& clock, telemetry::Conditions& conditions)
      : clock_(clock), conditions_(conditions) {}

  // Takes what is known of all cameras; call it every second or so.
  void Take(const std::vector<cameras::CameraGauges>& cameras);

 private:
  // Since a camera was connected to first.
  struct Counts {
    std::uint64_t due = 0;
    std::uint64_t found = 0;  // a worker
  };
  static constexpr std::size_t kSlices = static_cast<std::size_t>(kLong / kSlice);
  struct Camera {
    std::array<Counts, kSlices> ago = {};  // at the ends of the last slices, the oldest first
    std::size_t slices = 0;                // of them that are over
    bool is_slow = false;
    bool is_there = true;
  };

  void Judge(const std::string& id, const Counts& now, Camera& camera);

  const base::Clock& clock_;
  telemetry::Conditions& conditions_;
  std::optional<base::MonoTime> last_;
  std::map<std::string, Camera> cameras_;
};

}  // namespace sampleproc::service

// What one frame came to: the value that every door writes out (frame/result_json.h).
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "frame/detection.h"
#include "frame/event.h"
#include "frame/snapshot.h"

namespace sampleproc::frame {

constexpr int kHistogramBins = 64;

// Brightness and sharpness of a frame, all of its luma (0..255). Every number is derived from
// integer sums, so each CPU gives the same bytes.
struct LumaStats {
  double mean = 0;
  double stddev = 0;  // of the population
  int min = 0;
  int max = 0;
  std::array<std::uint64_t, kHistogramBins> histogram{};  // bin i counts luma 4i .. 4i+3
  double underexposed = 0;                                // share of pixels with luma below 16
  double overexposed = 0;                                 // share of pixels with luma 240 or more
  double sharpness = 0;  // variance of the 4-neighbour Laplacian, reflect-101 border

  bool operator==(const LumaStats&) const = default;
};

// One entry per configured step, in order.
struct StepReport {
  std::string name;
  std::string skipped;  // empty when it ran, else the reason as a stable word ("no_motion")
  std::chrono::nanoseconds took{};
};

// Something odd that did not stop the frame: a stable word and a sentence.
struct Warning {
  std::string type;
  std::string msg;

  bool operator==(const Warning&) const = default;
};

// Clock readings, apart from the rest because they differ from run to run.
struct FrameTimes {
  std::chrono::nanoseconds queued{};  // waiting for a worker
  std::chrono::nanoseconds decode{};
  std::chrono::nanoseconds total{};  // from the worker's first touch to the result
  // Waits that are parts of the others: for earlier frames of the camera, for other very large
  // frames, for memory. Zero when nothing had to be waited for.
  std::chrono::nanoseconds turn{};
  std::chrono::nanoseconds lane{};
  std::chrono::nanoseconds memory{};
  base::WallTime finished{};
};

struct FrameResult {
  std::string frame_id;
  std::optional<std::string> camera_id;
  std::vector<Detection> detections;
  int width = 0;  // of the oriented frame, in pixels
  int height = 0;
  std::string format;   // "jpeg", "png", ..., of raw pixels their own name ("nv12")
  int orientation = 1;  // the EXIF orientation that was applied, 1 when none
  std::vector<Warning> warnings;
  std::optional<LumaStats> stats;
  std::vector<StepReport> steps;
  std::vector<Event> events;  // of the camera, told with this frame
  // Of which events it is the best picture so far; no part of the record.
  std::vector<Snapshot> snapshots;
  FrameTimes times;
};

// Why steps are skipped when a frame comes too soon for its camera's fps.
inline constexpr std::string_view kTooSoon = "fps";

// Whether nobody looked at the frame for that reason.
inline bool CameTooSoon(const FrameResult& result) {
  return !result.steps.empty() && std::ranges::all_of(result.steps, [](const StepReport& step) {
    return step.skipped == kTooSoon;
  });
}

}  // namespace sampleproc::frame

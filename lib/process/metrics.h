// What is counted of frames, workers and cameras.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/mutex.h"
#include "frame/frame_result.h"
#include "process/camera_counts.h"
#include "process/camera_states.h"
#include "process/frame_history.h"
#include "process/frame_tracker.h"
#include "telemetry/registry.h"

namespace sampleproc::process {

// What the workers are at.
struct Load {
  std::size_t queued_frames = 0;
  std::size_t queue_depth = 0;
  std::size_t active_frames = 0;
  int workers = 0;
  int stuck_workers = 0;
};

// Asked at each look.
struct MetricSources {
  std::function<std::optional<Load>()> load = {};
  std::function<const FrameTracker*()> tracker = {};
  std::function<const CameraStates*()> cameras = {};
};

// Thread-safe. Labels are bounded: of cameras see CameraCounts. Its registry is not read any more
// when it goes.
class Metrics {
 public:
  using IsConfigured = std::function<bool(const std::string& camera)>;

  // `clock` must outlive it. `is_configured` is called under a lock; without it no camera is.
  Metrics(telemetry::Registry& registry, const base::Clock& clock, IsConfigured is_configured = {},
          MetricSources sources = {});

  // A worker is done with a frame, whatever came of it: what it has spent its time on.
  void FrameWorkedOn(const frame::FrameTimes& times,
                     std::span<const frame::StepReport> steps) noexcept;
  // A frame has left a stage that is no worker's. Without memory it is not counted.
  void StageEnded(std::string_view stage, std::chrono::nanoseconds took) noexcept;
  // `source` is one of cameras::Roster's doors. `camera` is "" where nobody knows it.
  // `taken`: when the frame was, as it says; a time of the future says nothing.
  void FrameCompleted(std::string_view source, const frame::FrameResult& result,
                      std::optional<base::WallTime> taken = {});
  void FrameFailed(std::string_view source, const std::string& camera, const base::Error& error);
  // Other cameras are configured than before.
  void CamerasReconfigured() { cameras_.Reconfigured(); }

  FrameTotals totals() const;

 private:
  const base::Clock& clock_;
  CameraCounts cameras_;
  mutable base::Mutex mutex_;
  FrameHistory history_ GUARDED_BY(mutex_);

  telemetry::Section section_;
  const telemetry::Counters<2> frames_ = section_.AddCounters(
      "sampleproc_frames_total", "Frames by the way they came, and what became of them.",
      {"outcome", "source"});
  const telemetry::Counter came_too_soon_ =
      section_
          .AddCounters("sampleproc_frames_passed_over_total",
                       "Completed frames that no step has looked at: they came too soon for their "
                       "camera's fps.",
                       {"reason"})
          .Of(frame::kTooSoon);
  const telemetry::Histograms<1> stages_ = section_.AddHistograms(
      "sampleproc_stage_duration_seconds",
      "Time of frames by stage, that of failed ones included: fetch, queue, turn, lane, memory, "
      "decode, each step, total in work, encode, settle.",
      {"stage"}, {.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10});
  const telemetry::Histograms<1> ages_ = section_.AddHistograms(
      "sampleproc_frame_age_seconds",
      "Age of frames by their timestamps when their results were there, by the way they came. "
      "Frames without a timestamp, or with one of the future, are not counted.",
      {"source"}, {.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 3600});
};

}  // namespace sampleproc::process

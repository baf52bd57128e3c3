#include "process/metrics.h"

#include <exception>
#include <utility>

namespace sampleproc::process {
namespace {

using std::chrono::nanoseconds;
using telemetry::kCounter;
using telemetry::kGauge;
using telemetry::Samples;
using telemetry::Tell;

constexpr std::string_view kCompleted = "completed";

constexpr telemetry::Reading<CameraCounts::Counts> kCameras[] = {
    {kCounter,
     "sampleproc_camera_frames_total",
     "Frames with a result, by camera; of cameras that are not configured 64 have series of their "
     "own, the rest is _other.",
     {"camera"},
     [](const CameraCounts::Counts& counts, Samples& samples) {
       samples.Add(counts.completed, {counts.camera});
     }},
    {kCounter,
     "sampleproc_camera_frame_failures_total",
     "Frames without a result, by camera and the type of the error.",
     {"camera", "type"},
     [](const CameraCounts::Counts& counts, Samples& samples) {
       for (const auto& [type, count] : counts.failed) samples.Add(count, {counts.camera, type});
     }},
};

constexpr telemetry::Reading<Load> kLoad[] = {
    {kGauge,
     "sampleproc_queue_frames",
     "Frames waiting for a worker.",
     {},
     &Tell<&Load::queued_frames>},
    {kGauge,
     "sampleproc_queue_limit_frames",
     "Frames that may wait (process.queue_depth).",
     {},
     &Tell<&Load::queue_depth>},
    {kGauge, "sampleproc_active_frames", "Frames in work.", {}, &Tell<&Load::active_frames>},
    {kGauge, "sampleproc_workers", "Threads that work on frames.", {}, &Tell<&Load::workers>},
    {kGauge,
     "sampleproc_stuck_workers",
     "Workers at one frame beyond service.stuck_after.",
     {},
     &Tell<&Load::stuck_workers>},
};

constexpr telemetry::Reading<FrameTracker> kTracker[] = {
    {kCounter,
     "sampleproc_untracked_frames_total",
     "Frames that were worked on without a place in the registry.",
     {},
     [](const FrameTracker& tracker, Samples& samples) {
       samples.Add(tracker.totals().untracked);
     }},
};

constexpr telemetry::Reading<CameraStates::Counts> kBackgrounds[] = {
    {kGauge,
     "sampleproc_watched_cameras",
     "Cameras whose background is kept to see motion.",
     {},
     &Tell<&CameraStates::Counts::cameras>},
    {kCounter,
     "sampleproc_refused_cameras_total",
     "Cameras without room for a background, for process.motion.max_cameras or memory; counted up "
     "to 1024.",
     {},
     &Tell<&CameraStates::Counts::refused_cameras>},
    {kCounter,
     "sampleproc_refused_camera_frames_total",
     "Frames in which no motion was looked for because their camera was refused.",
     {},
     &Tell<&CameraStates::Counts::refused_frames>},
};

}  // namespace

Metrics::Metrics(telemetry::Registry& registry, const base::Clock& clock,
                 IsConfigured is_configured, MetricSources sources)
    : clock_(clock),
      cameras_(clock, std::move(is_configured)),
      section_(registry, telemetry::Chapter::kFrames) {
  section_.AddReadings(kCameras, std::function([this] { return cameras_.List(); }));
  telemetry::Section workers(registry, telemetry::Chapter::kWorkers);
  workers.AddReadings(kLoad, std::move(sources.load));
  workers.AddReadings(kBackgrounds, telemetry::CountsOf(std::move(sources.cameras)));
  workers.AddReadings(kTracker, std::move(sources.tracker));
}

void Metrics::FrameWorkedOn(const frame::FrameTimes& times,
                            std::span<const frame::StepReport> steps) noexcept {
  const std::pair<std::string_view, nanoseconds> parts[] = {{"turn", times.turn},
                                                            {"lane", times.lane},
                                                            {"memory", times.memory},
                                                            {"decode", times.decode}};
  for (const auto& [stage, took] : parts) {
    if (took > nanoseconds(0)) StageEnded(stage, took);
  }
  for (const frame::StepReport& step : steps) {
    if (step.skipped.empty()) StageEnded(step.name, step.took);
  }
  StageEnded("total", times.total);
}

void Metrics::StageEnded(std::string_view stage, nanoseconds took) noexcept {
  try {
    stages_.Of(stage).Observe(took);
  } catch (const std::exception&) {  // no memory
  }
}

void Metrics::FrameCompleted(std::string_view source, const frame::FrameResult& result,
                             std::optional<base::WallTime> taken) {
  frames_.Of(kCompleted, source).Add();
  if (taken && *taken <= result.times.finished) {
    ages_.Of(source).Observe(result.times.finished - *taken);
  }
  {
    const base::MutexLock lock(mutex_);
    history_.Completed(result.times.total);
  }
  if (frame::CameTooSoon(result)) came_too_soon_.Add();
  if (result.camera_id && !result.camera_id->empty()) cameras_.Completed(*result.camera_id);
}

void Metrics::FrameFailed(std::string_view source, const std::string& camera,
                          const base::Error& error) {
  const std::string_view type = base::ErrorCodeName(error.code);
  (void)frames_.Of(kCompleted, source);  // so that shares of what failed have both their parts
  frames_.Of(type, source).Add();
  {
    const base::MutexLock lock(mutex_);
    history_.Failed(error.code, clock_.Now());
  }
  if (!camera.empty()) cameras_.Failed(camera, type);
}

FrameTotals Metrics::totals() const {
  const base::MutexLock lock(mutex_);
  return history_.Totals(clock_.Now());
}

}  // namespace sampleproc::process

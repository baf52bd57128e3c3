#include "cameras/metrics.h"

#include <utility>

namespace sampleproc::cameras {
namespace {

using telemetry::kCounter;
using telemetry::kGauge;
using telemetry::Samples;

// A member, told by camera.
template <auto kMember>
void Tell(const CameraGauges& camera, Samples& samples) {
  samples.Add(camera.*kMember, {camera.id});
}

constexpr telemetry::Reading<CameraGauges> kCameras[] = {
    {kGauge,
     "sampleproc_camera_connected",
     "Whether the camera's pictures come (1), or it is away (0).",
     {"camera"},
     &Tell<&CameraGauges::connected>},
    {kGauge,
     "sampleproc_camera_away",
     "Whether the condition camera lasts for it: it gives no pictures, or none that can be looked "
     "at. A file that is over is not away.",
     {"camera"},
     &Tell<&CameraGauges::away>},
    {kGauge,
     "sampleproc_camera_login_refused",
     "Whether the camera refuses its login (401 or 403), and is left alone for 1 to 10 minutes "
     "each time.",
     {"camera"},
     &Tell<&CameraGauges::refuses_login>},
    {kCounter,
     "sampleproc_camera_frames_in_total",
     "Pictures that came from the camera.",
     {"camera"},
     &Tell<&CameraGauges::frames>},
    {kCounter,
     "sampleproc_camera_frames_looked_at_total",
     "Pictures of the camera that a worker has done.",
     {"camera"},
     &Tell<&CameraGauges::looked_at>},
    {kCounter,
     "sampleproc_camera_frames_dropped_total",
     "Pictures of the camera that were not looked at: too soon for its fps, superseded by a later "
     "one, without memory (memory), no worker would take it (overload) or did so within its "
     "max_age, or failed.",
     {"camera", "reason"},
     [](const CameraGauges& camera, Samples& samples) {
       for (const auto& [reason, count] : camera.dropped) samples.Add(count, {camera.id, reason});
     }},
    {kCounter,
     "sampleproc_camera_reconnects_total",
     "Attempts to connect to the camera again.",
     {"camera"},
     &Tell<&CameraGauges::reconnects>},
    {kCounter,
     "sampleproc_camera_decoder_errors_total",
     "Pictures of the camera that were damaged.",
     {"camera"},
     &Tell<&CameraGauges::decoder_errors>},
    {kGauge,
     "sampleproc_camera_last_frame_age_seconds",
     "Since the camera's last picture.",
     {"camera"},
     [](const CameraGauges& camera, Samples& samples) {
       if (camera.last_frame_age_seconds) {
         samples.Add(*camera.last_frame_age_seconds, {camera.id});
       }
     }},
    {kGauge,
     "sampleproc_camera_width_pixels",
     "Width of the camera's picture that was looked at last.",
     {"camera"},
     &Tell<&CameraGauges::width>},
    {kGauge,
     "sampleproc_camera_height_pixels",
     "Height of the camera's picture that was looked at last.",
     {"camera"},
     &Tell<&CameraGauges::height>},
};

}  // namespace

void AddMetrics(telemetry::Registry& registry, std::function<std::vector<CameraGauges>()> cameras) {
  telemetry::Section(registry, telemetry::Chapter::kCameras)
      .AddReadings(kCameras, std::move(cameras));
}

}  // namespace sampleproc::cameras

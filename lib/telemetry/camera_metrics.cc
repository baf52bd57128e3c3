#include "telemetry/camera_metrics.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sampleproc::telemetry {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

struct Column {
  const char* name;
  MetricType type;
  const char* help;
  std::optional<double> (*value)(const CameraGauges&);
};

template <auto kMember>
std::optional<double> Of(const CameraGauges& camera) {
  return static_cast<double>(camera.*kMember);
}

constexpr Column kColumns[] = {
    {"sampleproc_camera_connected", MetricType::Gauge,
     "Whether the camera's pictures come (1), or it is away (0).", &Of<&CameraGauges::connected>},
    {"sampleproc_camera_away", MetricType::Gauge,
     "Whether the condition camera lasts for it: it gives no pictures, or none that can be looked "
     "at. A file that is over is not away.",
     &Of<&CameraGauges::away>},
    {"sampleproc_camera_frames_in_total", MetricType::Counter,
     "Pictures that came from the camera.", &Of<&CameraGauges::frames>},
    {"sampleproc_camera_frames_looked_at_total", MetricType::Counter,
     "Pictures of the camera that a worker has done.", &Of<&CameraGauges::looked_at>},
    {"sampleproc_camera_reconnects_total", MetricType::Counter,
     "Attempts to connect to the camera again.", &Of<&CameraGauges::reconnects>},
    {"sampleproc_camera_decoder_errors_total", MetricType::Counter,
     "Pictures of the camera that were damaged.", &Of<&CameraGauges::decoder_errors>},
    {"sampleproc_camera_last_frame_age_seconds", MetricType::Gauge,
     "Since the camera's last picture.",
     [](const CameraGauges& camera) { return camera.last_frame_age_seconds; }},
    {"sampleproc_camera_width_pixels", MetricType::Gauge,
     "Width of the camera's picture that was looked at last.", &Of<&CameraGauges::width>},
    {"sampleproc_camera_height_pixels", MetricType::Gauge,
     "Height of the camera's picture that was looked at last.", &Of<&CameraGauges::height>},
};

void Add(MetricFamily& family, const CameraGauges& camera, double value,
         std::string_view reason = {}) {
  prometheus::ClientMetric metric;
  metric.label.push_back({"camera", camera.id});
  if (!reason.empty()) metric.label.push_back({"reason", std::string(reason)});
  (family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  family.metric.push_back(std::move(metric));
}

}  // namespace

void AddCameras(const std::vector<CameraGauges>& cameras, std::vector<MetricFamily>& families) {
  if (cameras.empty()) return;
  for (const Column& column : kColumns) {
    MetricFamily family{column.name, column.help, column.type, {}};
    for (const CameraGauges& camera : cameras) {
      if (const auto value = column.value(camera)) Add(family, camera, *value);
    }
    families.push_back(std::move(family));
  }
  MetricFamily dropped{
      "sampleproc_camera_frames_dropped_total",
      "Pictures of the camera that were not looked at: too soon for its fps, superseded by a later "
      "one, without memory (memory), no worker would take it (overload) or did so within its "
      "max_age, or failed.",
      MetricType::Counter,
      {}};
  for (const CameraGauges& camera : cameras) {
    for (const auto& [reason, count] : camera.dropped) {
      Add(dropped, camera, static_cast<double>(count), reason);
    }
  }
  families.push_back(std::move(dropped));
}

}  // namespace sampleproc::telemetry

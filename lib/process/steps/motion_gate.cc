#include "process/steps/motion_gate.h"

#include <algorithm>

#include "process/camera_states.h"

namespace sampleproc::process {

MotionGate ReadMotion(const frame::FrameResult& result) {
  const auto report = std::ranges::find(result.steps, "motion", &frame::StepReport::name);
  if (report == result.steps.end()) return {};
  MotionGate gate;
  gate.known = report->skipped != "no_camera";
  for (const std::string_view reason : {CameraStates::kMaxCameras, CameraStates::kNoMemory}) {
    if (report->skipped == reason) gate.refused = reason;
  }
  gate.watched = report->skipped.empty();
  gate.moved = gate.watched && std::ranges::any_of(result.detections, [](const auto& detection) {
                 return detection.detector == "mog2";
               });
  return gate;
}

}  // namespace sampleproc::process

// Whether a step that looks where something moves has to look at a frame.
#pragma once

#include <string_view>

#include "frame/frame_result.h"

namespace sampleproc::process {

// What the motion step, earlier in the pipeline, says of a frame.
struct MotionGate {
  bool known = false;    // it was asked about a camera's frame
  bool watched = false;  // it looked: a frame without motion need not be searched
  bool moved = false;    // and saw something
  // Set when the frame is not to be searched at all, the reason as a record's `skipped` has it: a
  // camera that is refused is no photo, and whoever makes up names would have every frame searched.
  std::string_view refused = {};
};

MotionGate ReadMotion(const frame::FrameResult& result);

}  // namespace sampleproc::process

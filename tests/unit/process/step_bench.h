// One step alone, on pictures that the test hands it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "process/step.h"

namespace sampleproc::process {

struct Outcome {
  base::Result<void> status;
  frame::FrameResult result;
  frame::StepReport report;
};

class StepBench {
 public:
  explicit StepBench(std::unique_ptr<Step> step, int max_cameras = 64)
      : cameras(max_cameras, budget), step_(std::move(step)) {}

  // `bgr` is what the step gets when it asks for colour; `before` is what earlier steps found.
  Outcome Run(const frame::Image& luma, const std::optional<frame::Image>& bgr = {},
              frame::FrameResult before = {}) {
    colour_asked = false;
    Picture picture(luma, bgr ? bgr->width : luma.width, bgr ? bgr->height : luma.height,
                    [&]() -> base::Result<frame::Image> {
                      colour_asked = true;
                      if (bgr) return *bgr;
                      return base::Fail(base::ErrorCode::kInternal, "no colour in this test");
                    });
    CameraTurns::Turn turn;
    Outcome outcome{.status = {}, .result = std::move(before), .report = {}};
    const frame::Mask mask(camera.mask);
    StepInput input{frame,        camera,    picture, turn,
                    cameras,      allowance, budget,  std::chrono::milliseconds(0),
                    &moved_lately};
    input.taken = taken;
    input.came = came;
    input.mask = &mask;
    input.ids = ids;
    input.only_memory = only_memory;
    outcome.status = step_->Run(input, outcome.result, outcome.report);
    return outcome;
  }

  frame::Frame frame;
  frame::CameraSettings camera{.pipeline = {}, .threshold = 0.5};
  base::Allowance allowance;
  resources::MemoryBudget budget{std::size_t{1} << 30};
  CameraStates cameras;
  std::vector<frame::Bbox> moved_lately;
  std::optional<std::chrono::microseconds> taken;
  std::optional<std::chrono::microseconds> came;
  base::IdSource* ids = nullptr;
  bool only_memory = false;
  bool colour_asked = false;

 private:
  std::unique_ptr<Step> step_;
};

}  // namespace sampleproc::process

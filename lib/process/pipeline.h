// The ordered list of steps that one worker puts a frame through.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "process/options.h"
#include "process/step.h"

namespace sampleproc::process {

// The names that `process.pipeline` may hold, in the order of the table in pipeline.cc.
std::span<const std::string_view> KnownSteps();

// Owned and used by one thread: the steps hold that thread's scratch and detectors.
class Pipeline {
 public:
  // Makes the steps that `options.pipeline` names, in its order. An unknown name fails with
  // kConfig and the list of known ones, a step named twice likewise; an empty list is allowed
  // (decode only).
  static base::Result<Pipeline> Make(const Options& options);

  // What all the steps together need.
  const StepNeeds& needs() const { return needs_; }

  // Runs the steps in order and asks the allowance before each. Stops at the first failure.
  // `result.steps` gets one report for each step that ran or was skipped. The input's turn is over
  // after the last step that needs it, so that what follows runs beside the camera's next frame.
  base::Result<void> Run(const StepInput& input, frame::FrameResult& result);

 private:
  StepNeeds needs_;
  std::size_t ordered_steps_ = 0;  // the steps up to the last one that needs the camera's order
  std::vector<std::unique_ptr<Step>> steps_;
};

}  // namespace sampleproc::process

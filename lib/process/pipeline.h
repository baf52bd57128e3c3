// The ordered list of steps that one worker puts a frame through.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "process/detectors.h"
#include "process/options.h"
#include "process/step.h"

namespace sampleproc::process {

// The names of the built-in steps, in the order of the table in pipeline.cc; `process.pipeline` may
// hold these and those of detectors.
std::span<const std::string_view> KnownSteps();

// Owned and used by one thread: the steps hold that thread's scratch and detectors.
class Pipeline {
 public:
  // Makes the steps that `options.pipeline` names, in its order: this worker's part of them.
  // `detectors` are open. An unknown name fails with kConfig and the list of known ones, a step
  // named twice likewise; an empty list is allowed (decode only). Fails as the steps' makers fail.
  static base::Result<Pipeline> Make(const Options& options, const Detectors& detectors);

  // What all the steps together need.
  const StepNeeds& needs() const { return needs_; }

  // Whether the step that calls itself `detector` has left out what is too unsure by itself.
  bool HasOwnThreshold(std::string_view detector) const;

  // Runs the steps in order and asks the allowance before each. Stops at the first failure.
  // `result.steps` gets one report for each step that ran or was skipped. The input's turn is over
  // after the last step that needs it, so that what follows runs beside the camera's next frame,
  // and each of these steps is a stage of it: the detector between two of them holds up nobody.
  base::Result<void> Run(const StepInput& input, frame::FrameResult& result);

 private:
  StepNeeds needs_;
  std::size_t ordered_steps_ = 0;  // the steps up to the last one that needs the camera's order
  std::vector<std::unique_ptr<Step>> steps_;
};

}  // namespace sampleproc::process

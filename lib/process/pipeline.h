// The ordered list of steps that one worker puts a frame through.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "process/detectors.h"
#include "process/options.h"
#include "process/step.h"

namespace sampleproc::process {

// The names of the built-in steps, in the order of the table in pipeline.cc; `process.pipeline` may
// hold these and those of detectors.
std::span<const std::string_view> KnownSteps();

// The steps of one worker, each made when a pipeline first names it and kept: they hold that
// thread's scratch and detectors. Owned and used by one thread.
class StepSet {
 public:
  // Both must outlive it.
  StepSet(const Options& options, std::shared_ptr<const Detectors> detectors)
      : options_(&options), detectors_(std::move(detectors)) {}

  // The step of that name, valid for as long as the set lives. An unknown name fails with kConfig
  // and the list of known ones; fails as the step's maker fails.
  base::Result<Step*> Get(const std::string& name);

 private:
  const Options* options_;
  std::shared_ptr<const Detectors> detectors_;
  std::map<std::string, std::unique_ptr<Step>> steps_;
};

// Used by the thread of its steps.
class Pipeline {
 public:
  // Of the steps of these names, in their order: `steps` has this worker's part of them, and
  // outlives the pipeline. A step named twice fails with kConfig; an empty list is allowed (decode
  // only). With `only_memory` it has those of the steps that need the order of a camera's frames,
  // or all, where one of them depends on what others find. Fails as StepSet::Get.
  static base::Result<Pipeline> Make(std::span<const std::string> names, StepSet& steps,
                                     bool only_memory = false);

  // What all the steps together need.
  const StepNeeds& needs() const { return needs_; }

  // Runs the steps in order and asks the allowance before each. Stops at the first failure.
  // `result.steps` gets one report for each step that ran, the failed one included, or was skipped.
  // The input's turn is over after the last step that needs it, so that what follows runs beside
  // the camera's next frame, and each of these steps is a stage of it: the detector between two of
  // them holds up nobody. What lies in the camera's mask is gone before the next step, what is too
  // unsure or of a class that is not reported at the end: steps may look where others have seen
  // something.
  base::Result<void> Run(const StepInput& input, frame::FrameResult& result);

  // Reports each step as skipped, with this reason.
  void Skip(std::string_view reason, frame::FrameResult& result) const;

 private:
  bool HasOwnThreshold(std::string_view detector) const;
  bool IsReported(const frame::Detection& detection, const frame::CameraSettings& camera) const;

  StepNeeds needs_;
  std::size_t ordered_steps_ = 0;  // the steps up to the last one that needs the camera's order
  std::vector<Step*> steps_;
};

// Adds what one needs to what all of them need.
void AddNeeds(const StepNeeds& one, StepNeeds& all);

}  // namespace sampleproc::process

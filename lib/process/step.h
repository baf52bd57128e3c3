// One step of the pipeline: looks at the pixels, adds to the result.
#pragma once

#include <memory>
#include <string_view>

#include "base/deadline.h"
#include "base/error.h"
#include "frame/frame.h"
#include "frame/frame_result.h"
#include "frame/image.h"
#include "resources/memory_budget.h"

namespace sampleproc::process {

// What a step gets to see. All of it is valid for the duration of Run only.
struct StepInput {
  const frame::Frame& frame;
  const frame::Image& luma;  // kGray8
  const base::Allowance& allowance;
  resources::MemoryBudget& budget;
  std::chrono::milliseconds budget_patience;  // for the step's own reservations
};

// Each worker has its own object of each step, so Run needs no lock for scratch and detectors.
class Step {
 public:
  virtual ~Step() = default;

  virtual std::string_view Name() const = 0;

  // Adds what it found to `result`. A step that has nothing to look at sets `report.skipped` and
  // succeeds; a failure ends the frame.
  virtual base::Result<void> Run(const StepInput& input, frame::FrameResult& result,
                                 frame::StepReport& report) = 0;
};

}  // namespace sampleproc::process

// The constructors of all steps. A new step is one file beside this one, one line here, and one
// row in the table of process/pipeline.cc.
#pragma once

#include <memory>

#include "process/options.h"
#include "process/step.h"

namespace sampleproc::process {

// Luma mean, spread, histogram, exposure and sharpness (frame::LumaStats).
std::unique_ptr<Step> MakeStatsStep(const Options& options);

// Frontal faces by dlib's HOG detector. The detector is loaded on first use (about 5 ms).
std::unique_ptr<Step> MakeFacesStep(const Options& options);

}  // namespace sampleproc::process

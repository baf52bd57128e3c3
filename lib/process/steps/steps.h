// The constructors of all steps. A new step is one file beside this one, one line here, and one
// row in the table of process/pipeline.cc.
#pragma once

#include <memory>

#include "process/options.h"
#include "process/step.h"

namespace sampleproc::process {

// Luma mean, spread, histogram, exposure and sharpness (frame::LumaStats).
std::unique_ptr<Step> MakeStatsStep(const Options& options);

// Frontal faces by dlib's HOG detector, upright and from 40 pixels wide (from 80 when
// FacesOptions::min_size is 80 or more: a quarter of the work). Boxes are dlib's, clipped to the
// frame; confidence = ScoreToConfidence(dlib's score, k = 2, s0 = 0), so dlib's own threshold is
// 0.5 and nothing below it is reported. The detector is loaded on first use (about 5 ms). Fails
// with kInvalidFrame when the frame needs more than the whole memory budget (about 49 bytes a
// pixel, 13 when it is not doubled), kOverloaded, kDeadline or kCancelled.
std::unique_ptr<Step> MakeFacesStep(const Options& options);

}  // namespace sampleproc::process

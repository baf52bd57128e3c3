// Where people are looked for when it is known where something moved.
#pragma once

#include <vector>

#include "frame/detection.h"

namespace sampleproc::process {

// The parts of a picture of `width` x `height` pixels around the boxes of moving things: each wide
// and high enough for the detector's window around a person of the box's height (which has a third
// more than the person, Dalal and Triggs, CVPR 2005) and of twice and two thirds of it; at least
// 96x192 pixels where the picture has them. Parts that overlap much are one.
std::vector<frame::Bbox> PeopleRegions(const std::vector<frame::Detection>& detections, int width,
                                       int height);

// Leaves out, of two detections that are more than half the same place (intersection over union),
// the one with less confidence, in those from `first` on: parts that overlap see a person twice.
void DropRepeated(std::vector<frame::Detection>& detections, std::size_t first);

}  // namespace sampleproc::process

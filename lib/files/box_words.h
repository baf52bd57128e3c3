// Boxes, and what goes with them, in words.
#pragma once

#include <string>

#include "frame/detection.h"

namespace sampleproc::files {

std::string BoxText(const frame::Bbox& box);  // "[1,2,3,4]"

// "12 px right, 3 px up, 5 % larger": what became of the first box; "in the same place".
std::string MoveText(const frame::Bbox& before, const frame::Bbox& after);

std::string ConfidenceText(double confidence);  // "0.61"

std::string SecondsText(double seconds);  // "12.40"

}  // namespace sampleproc::files

// Connected regions of a mask.
#pragma once

#include <vector>

#include "process/steps/opencv/bit_mask.h"

namespace sampleproc::process::opencv {

struct Region {
  int x;
  int y;
  int width;
  int height;
  int area;  // pixels of the region, not of the box

  bool operator==(const Region&) const = default;
};

// The regions of set pixels that touch at a side or a corner, in the order of their first pixels
// from top to bottom and left to right. What OpenCV's connectedComponentsWithStats finds with
// connectivity 8, without the picture of labels and the moments that nobody here looks at. Memory:
// 24 bytes for each stretch of foreground that lies below none, at most one for four pixels of the
// mask. May throw std::bad_alloc.
std::vector<Region> FindRegions(const BitMask& mask);

}  // namespace sampleproc::process::opencv

// How much two boxes have in common.
#pragma once

#include <algorithm>

#include "frame/detection.h"

namespace sampleproc::files {

// The area of what both cover by that of what either does: 0 to 1.
inline double IntersectionOverUnion(const frame::Bbox& a, const frame::Bbox& b) {
  const auto area = [](const frame::Bbox& box) {
    return static_cast<double>(box.x2 - box.x1) * static_cast<double>(box.y2 - box.y1);
  };
  const frame::Bbox common{std::max(a.x1, b.x1), std::max(a.y1, b.y1), std::min(a.x2, b.x2),
                           std::min(a.y2, b.y2)};
  if (common.x1 >= common.x2 || common.y1 >= common.y2) return 0;
  const double both = area(common);
  return both / (area(a) + area(b) - both);
}

}  // namespace sampleproc::files

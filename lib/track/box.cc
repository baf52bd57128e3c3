#include "track/box.h"

#include <algorithm>

namespace sampleproc::track {

Box Box::Of(const frame::Bbox& bbox) {
  return {(bbox.x1 + bbox.x2) / 2.0, (bbox.y1 + bbox.y2) / 2.0,
          static_cast<double>(bbox.x2 - bbox.x1), static_cast<double>(bbox.y2 - bbox.y1)};
}

Box Box::Grown(double share) const {
  return {x, y, width * (1 + 2 * share), height * (1 + 2 * share)};
}

double CommonArea(const Box& a, const Box& b) {
  const auto common = [](double centre_a, double side_a, double centre_b, double side_b) {
    return std::min(centre_a + side_a / 2, centre_b + side_b / 2) -
           std::max(centre_a - side_a / 2, centre_b - side_b / 2);
  };
  const double width = common(a.x, a.width, b.x, b.width);
  const double height = common(a.y, a.height, b.y, b.height);
  return width > 0 && height > 0 ? width * height : 0;
}

double Overlap(const Box& a, const Box& b) {
  const double both = CommonArea(a, b);
  return both > 0 ? both / (a.area() + b.area() - both) : 0;
}

}  // namespace sampleproc::track

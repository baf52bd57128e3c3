#include "track/geometry.h"

namespace sampleproc::track {

using frame::Line;
using frame::Point;

double Side(const Point& point, const Point& from, const Point& to) {
  return (to.x - from.x) * (point.y - from.y) - (to.y - from.y) * (point.x - from.x);
}

bool Meets(const Point& a, const Point& b, const Line& line) {
  const bool apart = (Side(a, line.from, line.to) > 0) != (Side(b, line.from, line.to) > 0);
  return apart && (Side(line.from, a, b) > 0) != (Side(line.to, a, b) > 0);
}

}  // namespace sampleproc::track

#include "track/geometry.h"

#include <cstddef>

namespace sampleproc::track {

using frame::Line;
using frame::Point;

bool IsInside(const Point& point, std::span<const Point> polygon) {
  bool is_inside = false;
  for (std::size_t i = 0, j = polygon.size() - 1; i < polygon.size(); j = i++) {
    const Point& a = polygon[i];
    const Point& b = polygon[j];
    if ((a.y > point.y) == (b.y > point.y)) continue;
    if (point.x < a.x + (b.x - a.x) * (point.y - a.y) / (b.y - a.y)) is_inside = !is_inside;
  }
  return is_inside;
}

double Side(const Point& point, const Point& from, const Point& to) {
  return (to.x - from.x) * (point.y - from.y) - (to.y - from.y) * (point.x - from.x);
}

bool Meets(const Point& a, const Point& b, const Line& line) {
  const bool apart = (Side(a, line.from, line.to) > 0) != (Side(b, line.from, line.to) > 0);
  return apart && (Side(line.from, a, b) > 0) != (Side(line.to, a, b) > 0);
}

}  // namespace sampleproc::track

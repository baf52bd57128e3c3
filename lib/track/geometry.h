// Polygons and lines in shares of a picture.
#pragma once

#include <span>

#include "track/options.h"

namespace sampleproc::track {

// Whether the point is inside; of a polygon that crosses itself, by the even-odd rule.
bool IsInside(const Point& point, std::span<const Point> polygon);

// Above 0: to the right of the line as it is seen from `from` to `to`, in a picture whose y grows
// downwards; below 0: to its left. Twice the area of the triangle.
double Side(const Point& point, const Point& from, const Point& to);

// Whether a way from `a` to `b` meets the line between its ends.
bool Meets(const Point& a, const Point& b, const Line& line);

}  // namespace sampleproc::track

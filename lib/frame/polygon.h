// Polygons of a camera's picture, in shares of its width and height, so that they fit every size
// that the camera sends.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "frame/detection.h"

namespace sampleproc::frame {

// 0,0 is the upper left corner and 1,1 the lower right one.
struct Point {
  double x = 0;
  double y = 0;

  bool operator==(const Point&) const = default;
};

// At least three corners; the last one is joined to the first. Where it crosses itself the even-odd
// rule says what is inside.
using Polygon = std::vector<Point>;

// Whether the point is inside.
bool IsInside(const Point& point, const Polygon& polygon);

// A byte for each pixel of a picture of that size, row by row: 1 where the pixel's middle is inside
// of one of the polygons, 0 elsewhere.
std::vector<std::uint8_t> Rasterise(std::span<const Polygon> polygons, int width, int height);

// Whether half of the box or more is inside of the polygons together, in a picture of that size.
// Measured at 32 x 32 places of the box, so a box that lies inside as a whole always is.
bool IsCovered(std::span<const Polygon> polygons, const Bbox& box, int width, int height);

}  // namespace sampleproc::frame

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

// Whether anything is inside: not where all corners are on one line, or where the edges cover each
// other.
bool HasArea(const Polygon& polygon);

// A byte for each pixel of a picture of that size, row by row: 1 where the pixel's middle is inside
// of one of the polygons, 0 elsewhere.
std::vector<std::uint8_t> Rasterise(std::span<const Polygon> polygons, int width, int height);

// Polygons of a picture, gone through once so that a question about a box does not depend on how
// many corners they have. Immutable. Memory: 8 KiB a mask as people draw them, 8 MiB at the most.
class Mask {
 public:
  Mask() = default;
  explicit Mask(std::span<const Polygon> polygons);

  // Whether half of the box or more is inside of the polygons together, in a picture of that size.
  // Measured at 32 x 32 places of the box, so a box that lies inside as a whole always is; what is
  // inside is known to 1/4096 of the picture's width and 1/2048 of its height.
  bool Covers(const Bbox& box, int width, int height) const;

 private:
  struct Stretch {  // of a row, in parts of its width
    std::uint16_t from, to;
  };

  std::vector<std::uint32_t> ends_;  // of each row's stretches; empty: nothing is inside
  std::vector<Stretch> stretches_;
};

}  // namespace sampleproc::frame

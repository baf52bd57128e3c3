#include "frame/polygon.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace sampleproc::frame {
namespace {

// Samples of a rectangle of the picture, all in shares: `columns` x `rows` places in the middles of
// as many equal parts.
struct Grid {
  double left, top;
  double width, height;
  int columns, rows;
};

// Where the polygon's edges cross the line at `y`, from left to right; an even number.
void Cross(const Polygon& polygon, double y, std::vector<double>& crossings) {
  crossings.clear();
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const Point& a = polygon[i];
    const Point& b = polygon[(i + 1) % polygon.size()];
    // A corner on the line belongs to the edge below it, so that it counts once.
    if ((a.y <= y) == (b.y <= y)) continue;
    crossings.push_back(a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x));
  }
  std::ranges::sort(crossings);
}

std::vector<std::uint8_t> Sample(std::span<const Polygon> polygons, const Grid& grid) {
  const auto columns = static_cast<std::size_t>(grid.columns);
  std::vector<std::uint8_t> inside(columns * static_cast<std::size_t>(grid.rows));
  std::vector<double> crossings;
  for (int row = 0; row < grid.rows; ++row) {
    const auto line = std::span(inside).subspan(static_cast<std::size_t>(row) * columns, columns);
    for (const Polygon& polygon : polygons) {
      Cross(polygon, grid.top + (row + 0.5) / grid.rows * grid.height, crossings);
      for (std::size_t i = 0; i + 1 < crossings.size(); i += 2) {
        // The first column whose middle is at the crossing or to the right of it.
        const auto column = [&](double x) {
          const double at = (x - grid.left) / grid.width * grid.columns - 0.5;
          return static_cast<std::size_t>(std::clamp(std::ceil(at), 0.0, double(grid.columns)));
        };
        const std::size_t from = column(crossings[i]);
        const std::size_t to = column(crossings[i + 1]);
        if (from < to) std::ranges::fill(line.subspan(from, to - from), std::uint8_t{1});
      }
    }
  }
  return inside;
}

}  // namespace

bool IsInside(const Point& point, const Polygon& polygon) {
  std::vector<double> crossings;
  Cross(polygon, point.y, crossings);
  const auto beyond = std::ranges::upper_bound(crossings, point.x);
  return (crossings.end() - beyond) % 2 != 0;
}

std::vector<std::uint8_t> Rasterise(std::span<const Polygon> polygons, int width, int height) {
  return Sample(polygons, {0, 0, 1, 1, width, height});
}

bool IsCovered(std::span<const Polygon> polygons, const Bbox& box, int width, int height) {
  if (polygons.empty()) return false;
  constexpr int kSide = 32;
  const double w = width;
  const double h = height;
  const auto inside = Sample(polygons, {box.x1 / w, box.y1 / h, (box.x2 - box.x1) / w,
                                        (box.y2 - box.y1) / h, kSide, kSide});
  return 2 * std::ranges::count(inside, 1) >= kSide * kSide;
}

}  // namespace sampleproc::frame

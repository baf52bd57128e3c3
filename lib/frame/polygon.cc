#include "frame/polygon.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace sampleproc::frame {
namespace {

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

}  // namespace

bool IsInside(const Point& point, const Polygon& polygon) {
  std::vector<double> crossings;
  Cross(polygon, point.y, crossings);
  const auto beyond = std::ranges::upper_bound(crossings, point.x);
  return (crossings.end() - beyond) % 2 != 0;
}

bool HasArea(const Polygon& polygon) {
  constexpr double kThinnest = 1e-9;
  std::vector<double> heights;
  for (const Point& corner : polygon) heights.push_back(corner.y);
  std::ranges::sort(heights);
  std::vector<double> crossings;
  for (std::size_t i = 0; i + 1 < heights.size(); ++i) {
    // Between two corners edges are straight: where all of them meet in pairs at one of these
    // heights, as in the middle of a bow tie, they do not at the other.
    for (const double share : {0.3, 0.6}) {
      Cross(polygon, heights[i] + share * (heights[i + 1] - heights[i]), crossings);
      for (std::size_t k = 0; k + 1 < crossings.size(); k += 2) {
        if (crossings[k + 1] - crossings[k] > kThinnest) return true;
      }
    }
  }
  return false;
}

std::vector<std::uint8_t> Rasterise(std::span<const Polygon> polygons, int width, int height) {
  const auto columns = static_cast<std::size_t>(width);
  std::vector<std::uint8_t> inside(columns * static_cast<std::size_t>(height));
  std::vector<double> crossings;
  // The first column whose middle is at the place or to the right of it.
  const auto column = [width](double x) {
    return static_cast<std::size_t>(std::clamp(std::ceil(x * width - 0.5), 0.0, double(width)));
  };
  for (int row = 0; row < height; ++row) {
    const auto line = std::span(inside).subspan(static_cast<std::size_t>(row) * columns, columns);
    for (const Polygon& polygon : polygons) {
      Cross(polygon, (row + 0.5) / height, crossings);
      for (std::size_t i = 0; i + 1 < crossings.size(); i += 2) {
        const std::size_t from = column(crossings[i]);
        const std::size_t to = column(crossings[i + 1]);
        if (from < to) std::ranges::fill(line.subspan(from, to - from), std::uint8_t{1});
      }
    }
  }
  return inside;
}

namespace {

constexpr int kRows = 1024;
constexpr double kParts = 4096;

}  // namespace

Mask::Mask(std::span<const Polygon> polygons) {
  if (polygons.empty()) return;
  std::vector<double> crossings;
  std::vector<Stretch> row;
  for (int i = 0; i < kRows; ++i) {
    row.clear();
    for (const Polygon& polygon : polygons) {
      Cross(polygon, (i + 0.5) / kRows, crossings);
      const auto part = [](double x) {
        return static_cast<std::uint16_t>(std::lround(std::clamp(x, 0.0, 1.0) * kParts));
      };
      for (std::size_t j = 0; j + 1 < crossings.size(); j += 2) {
        row.push_back({part(crossings[j]), part(crossings[j + 1])});
      }
    }
    std::ranges::sort(row, {}, &Stretch::from);
    const std::size_t begin = stretches_.size();
    for (const Stretch& each : row) {
      if (stretches_.size() > begin && each.from <= stretches_.back().to) {
        stretches_.back().to = std::max(stretches_.back().to, each.to);
      } else if (each.from < each.to) {
        stretches_.push_back(each);
      }
    }
    ends_.push_back(static_cast<std::uint32_t>(stretches_.size()));
  }
}

bool Mask::Covers(const Bbox& box, int width, int height) const {
  constexpr int kSide = 32;
  if (ends_.empty()) return false;
  const double left = box.x1 / double(width) * kParts;
  const double step = (box.x2 - box.x1) / double(width) * kParts / kSide;
  // Places of a row of the box that are to the left of `x`.
  const auto places = [&](double x) {
    return static_cast<int>(std::clamp(std::ceil((x - left) / step - 0.5), 0.0, double(kSide)));
  };
  int inside = 0;
  for (int i = 0; i < kSide; ++i) {
    const double y = (box.y1 + (i + 0.5) / kSide * (box.y2 - box.y1)) / height;
    const auto row = static_cast<std::size_t>(std::clamp(std::floor(y * kRows), 0.0, kRows - 1.0));
    const auto end = stretches_.begin() + static_cast<std::ptrdiff_t>(ends_[row]);
    const auto begin =
        stretches_.begin() + static_cast<std::ptrdiff_t>(row == 0 ? 0 : ends_[row - 1]);
    auto each = std::partition_point(begin, end,
                                     [left](const Stretch& stretch) { return stretch.to <= left; });
    for (; each != end && each->from < left + kSide * step; ++each) {
      inside += places(each->to) - places(each->from);
    }
  }
  return 2 * inside >= kSide * kSide;
}

}  // namespace sampleproc::frame

#include "process/steps/people_regions.h"

#include <algorithm>
#include <cstdint>

namespace sampleproc::process {
namespace {

using frame::Bbox;

constexpr int kLeastWidth = 96;
constexpr int kLeastHeight = 192;

std::int64_t Area(const Bbox& box) {
  return std::int64_t{std::max(box.x2 - box.x1, 0)} * std::max(box.y2 - box.y1, 0);
}

std::int64_t Common(const Bbox& a, const Bbox& b) {
  return Area(
      {std::max(a.x1, b.x1), std::max(a.y1, b.y1), std::min(a.x2, b.x2), std::min(a.y2, b.y2)});
}

Bbox Around(const Bbox& a, const Bbox& b) {
  return {std::min(a.x1, b.x1), std::min(a.y1, b.y1), std::max(a.x2, b.x2), std::max(a.y2, b.y2)};
}

// A stretch of `length` around the middle of [from, to), moved inside [0, limit).
std::pair<int, int> Stretch(int from, int to, int length, int limit) {
  length = std::min(length, limit);
  const int start = std::clamp((from + to - length) / 2, 0, limit - length);
  return {start, start + length};
}

Bbox RegionOf(const Bbox& moved, int width, int height) {
  const int tall = std::max(2 * (moved.y2 - moved.y1), kLeastHeight);
  const int wide = std::max({moved.x2 - moved.x1 + tall / 2, kLeastWidth});
  const auto [x1, x2] = Stretch(moved.x1, moved.x2, wide, width);
  const auto [y1, y2] = Stretch(moved.y1, moved.y2, tall, height);
  return {x1, y1, x2, y2};
}

}  // namespace

std::vector<Bbox> PeopleRegions(const std::vector<frame::Detection>& detections, int width,
                                int height) {
  std::vector<Bbox> regions;
  for (const frame::Detection& detection : detections) {
    if (detection.detector != "mog2") continue;
    Bbox region = RegionOf(detection.bbox, width, height);
    // One that grew may overlap with those it did not overlap with before.
    for (auto other = regions.begin(); other != regions.end();) {
      const Bbox both = Around(region, *other);
      if (2 * Common(region, *other) >= std::min(Area(region), Area(*other))) {
        region = both;
        regions.erase(other);
        other = regions.begin();
      } else {
        ++other;
      }
    }
    regions.push_back(region);
  }
  return regions;
}

void DropRepeated(std::vector<frame::Detection>& detections, std::size_t first) {
  const auto begin = detections.begin() + static_cast<std::ptrdiff_t>(first);
  std::stable_sort(begin, detections.end(),
                   [](const auto& a, const auto& b) { return a.confidence > b.confidence; });
  for (std::size_t i = first; i < detections.size(); ++i) {
    const Bbox kept = detections[i].bbox;
    const auto repeats = [&](const frame::Detection& other) {
      const std::int64_t common = Common(kept, other.bbox);
      return 2 * common > Area(kept) + Area(other.bbox) - common;
    };
    detections.erase(std::remove_if(detections.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                    detections.end(), repeats),
                     detections.end());
  }
}

}  // namespace sampleproc::process

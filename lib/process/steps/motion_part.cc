#include "process/steps/motion_part.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace sampleproc::process {
namespace {

using frame::Bbox;

// Of the part's longer side, around what moved. Who is larger than that is seen to be cut off.
constexpr int kRoomShare = 16;

// Boxes that networks give end some pixels beside what they show.
constexpr int kNear = 4;

Bbox Around(std::span<const Bbox> boxes) {
  Bbox all = boxes.front();
  for (const Bbox& box : boxes) {
    all = {std::min(all.x1, box.x1), std::min(all.y1, box.y1), std::max(all.x2, box.x2),
           std::max(all.y2, box.y2)};
  }
  return all;
}

// A stretch of `length` around the middle of [from, to), inside [0, limit); nothing when that and
// `room` at both ends, as far as there is any, do not fit.
std::optional<std::pair<int, int>> Stretch(int from, int to, int room, int length, int limit) {
  length = std::min(length, limit);
  const int begin = std::max(from - room, 0);
  const int end = std::min(to + room, limit);
  if (end - begin > length) return std::nullopt;
  const int start = std::clamp((begin + end - length) / 2, 0, limit - length);
  return std::pair(start, start + length);
}

}  // namespace

std::optional<Bbox> PartAround(std::span<const Bbox> moved, int width, int height,
                               const detect::InputShape& input) {
  if (moved.empty()) return std::nullopt;
  const int half = std::max(width, height) / 2;
  const int longer = std::max(input.width, input.height);
  if (half < longer) return std::nullopt;
  const auto side = [&](int of_input) {
    return static_cast<int>(std::int64_t{half} * of_input / longer);
  };
  const Bbox all = Around(moved);
  const int room = half / kRoomShare;
  const auto across = Stretch(all.x1, all.x2, room, side(input.width), width);
  const auto down = Stretch(all.y1, all.y2, room, side(input.height), height);
  if (!across || !down) return std::nullopt;
  return Bbox{across->first, down->first, across->second, down->second};
}

bool IsCutOff(const Bbox& box, const Bbox& part, int width, int height) {
  return (part.x1 > 0 && box.x1 < part.x1 + kNear) || (part.y1 > 0 && box.y1 < part.y1 + kNear) ||
         (part.x2 < width && box.x2 > part.x2 - kNear) ||
         (part.y2 < height && box.y2 > part.y2 - kNear);
}

}  // namespace sampleproc::process

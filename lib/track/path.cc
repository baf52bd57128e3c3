#include "track/path.h"

namespace sampleproc::track {

void Path::Add(frame::PathPoint point) {
  last_ = point;
  const std::uint64_t number = added_++;
  if (number % every_ != 0) return;
  // Room for the last point is kept.
  if (points_.size() + 1 >= kMaxPoints) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < points_.size(); i += 2) points_[kept++] = points_[i];
    points_.resize(kept);
    every_ *= 2;
    if (number % every_ != 0) return;
  }
  points_.push_back(point);
}

std::vector<frame::PathPoint> Path::Points() const {
  std::vector<frame::PathPoint> points = points_;
  if (added_ > 0 && (points.empty() || points.back() != last_)) points.push_back(last_);
  return points;
}

}  // namespace sampleproc::track

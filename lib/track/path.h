// Where a thing has been, in a bounded number of points.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "frame/event.h"

namespace sampleproc::track {

// Keeps every n-th point and doubles n when it is full, so that the points stay evenly spread.
class Path {
 public:
  static constexpr std::size_t kMaxPoints = 32;

  void Add(frame::PathPoint point);

  // Those that are kept and the last one, kMaxPoints at the most.
  std::vector<frame::PathPoint> Points() const;

 private:
  std::vector<frame::PathPoint> points_;
  frame::PathPoint last_;
  std::uint64_t added_ = 0;
  std::uint64_t every_ = 1;
};

}  // namespace sampleproc::track

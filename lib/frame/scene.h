// Places of a camera's picture that its operator has named.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "frame/polygon.h"

namespace sampleproc::frame {

// A place that things are in when the middle of their box's lower edge is.
struct Zone {
  std::string name;
  Polygon polygon;
  std::vector<std::string> classes = {};  // empty: all
  std::chrono::milliseconds dwell{0};     // entered only after so long inside

  bool operator==(const Zone&) const = default;
};

// A line that things cross, seen from `from` to `to` to its left or to its right.
struct Line {
  std::string name;
  Point from;
  Point to;
  std::vector<std::string> classes = {};  // empty: all

  bool operator==(const Line&) const = default;
};

// With zones or lines only what has entered one or crossed one becomes an event; without, all. No
// two zones and no two lines have one name.
struct Scene {
  // What a camera may have of each, a bound on what is remembered of every track.
  static constexpr std::size_t kMaxZones = 32;
  static constexpr std::size_t kMaxLines = 32;

  std::vector<Zone> zones = {};
  std::vector<Line> lines = {};

  bool operator==(const Scene&) const = default;
};

}  // namespace sampleproc::frame

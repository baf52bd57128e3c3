// How tracks are kept and what of them becomes an event.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace sampleproc::track {

struct Options {
  // Detections below the detector's threshold that are still good enough to go on with a track that
  // is known. Lower keeps tracks of half-hidden things longer and mixes them up more often. 0..1.
  double weak_threshold = 0.1;

  // Frames in which a thing must be found before it has an id. More means fewer false tracks and a
  // later first event.
  int min_hits = 3;

  // A track that is not found for so long ends; one that stands still is given five times as long,
  // because what passes in front of it hides it.
  std::chrono::milliseconds lost_after{3'000};

  // What stays in its place for so long is stationary.
  std::chrono::milliseconds stationary_after{10'000};

  // Classes that are tracked; empty: all but "motion".
  std::vector<std::string> classes = {};
};

// In shares of the picture's width and height, 0,0 its upper left corner.
struct Point {
  double x = 0;
  double y = 0;
};

// A place that things are in when the middle of their box's lower edge is.
struct Zone {
  std::string name;
  std::vector<Point> polygon;             // three corners or more
  std::vector<std::string> classes = {};  // empty: all
  std::chrono::milliseconds dwell{0};     // entered only after so long inside
};

// A line that things cross, seen from `from` to `to` to its left or to its right.
struct Line {
  std::string name;
  Point from;
  Point to;
  std::vector<std::string> classes = {};  // empty: all
};

// With zones or lines only what has entered one or crossed one becomes an event; without, all.
struct Scene {
  std::vector<Zone> zones = {};
  std::vector<Line> lines = {};
};

}  // namespace sampleproc::track

// How tracks are kept.
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
  // because what passes in front of it hides it. With a camera that is looked at more seldom, two
  // frames without it go by first.
  std::chrono::milliseconds lost_after{3'000};

  // What stays in its place for so long is stationary.
  std::chrono::milliseconds stationary_after{10'000};

  // Classes that are tracked; empty: all but "motion".
  std::vector<std::string> classes = {};
};

}  // namespace sampleproc::track

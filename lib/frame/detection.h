// What a step found, where, and how sure it is.
#pragma once

#include <cstdint>
#include <string>

namespace sampleproc::frame {

// A rectangle in oriented source pixels: x1,y1 is the first pixel inside, x2,y2 the first outside,
// 0 <= x1 < x2 <= width and likewise for y.
struct Bbox {
  int x1 = 0;
  int y1 = 0;
  int x2 = 0;
  int y2 = 0;

  bool operator==(const Bbox&) const = default;
};

struct Detection {
  std::string class_name;   // "person", "face", "motion", or a cascade's name
  double confidence = 0.0;  // 0..1, see ScoreToConfidence
  Bbox bbox;
  std::string detector;        // "opencv-hog", "dlib-frontal", "mog2", "cascade"
  std::uint64_t track_id = 0;  // the same for one thing in a camera's frames; 0: none (yet)

  bool operator==(const Detection&) const = default;
};

// The logistic curve 1 / (1 + exp(-k (score - s0))), by which every detector's own score becomes a
// confidence; each step documents its k and s0.
double ScoreToConfidence(double score, double k, double s0);

}  // namespace sampleproc::frame

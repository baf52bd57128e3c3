// A picture as a network's input.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "detect/layout.h"
#include "frame/detection.h"
#include "frame/image.h"

namespace sampleproc::detect {

// The input that a network has.
struct InputShape {
  int width = 0;
  int height = 0;
  bool channels_last = false;  // [1, height, width, 3] instead of [1, 3, height, width]

  std::size_t Numbers() const {
    return std::size_t{3} * static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  }
};

// Where a picture lies within a network's input.
struct Placement {
  int x = 0;  // of its upper left corner
  int y = 0;
  int width = 0;  // of the picture in there
  int height = 0;
  double scale_x = 1;  // input pixels for each of the picture's
  double scale_y = 1;
};

Placement Place(int width, int height, const InputShape& shape, InputSpec::Fit fit);

// The candidate's box in pixels of a picture of `width` x `height`, cut at its edges; empty (x1 >=
// x2 or y1 >= y2) when nothing of it is inside, or a side is no number.
frame::Bbox ToPicture(const Candidate& candidate, const Placement& placement, int width,
                      int height);

// Fills a network's input. Used by one thread: it keeps its scratch from frame to frame.
class InputMaker {
 public:
  // `bgr` is kBgr24; `input` has shape.Numbers() numbers. Samples lie as in OpenCV's INTER_LINEAR.
  void Fill(const frame::Image& bgr, const Placement& placement, const InputShape& shape,
            const InputSpec& spec, std::span<float> input);

  // What Fill keeps for a picture of this width.
  static std::uint64_t ScratchBytes(int picture_width, const InputShape& shape);

 private:
  struct Sample {
    int first;    // the left or upper one
    int second;   // its neighbour, or itself at the edge
    float share;  // of the second
  };
  static void MakeSamples(int from, int to, std::vector<Sample>& samples);

  std::vector<Sample> columns_;
  std::vector<Sample> rows_;
  std::vector<float> row_;  // of the picture, between two of its rows
};

}  // namespace sampleproc::detect

// The makers of all layouts, one file each, and what they share. A new one is a file beside this
// one, a line here and a row in detect/layout.cc.
//
// A maker returns null when the network's outputs are not the layout's.
#pragma once

#include <cmath>
#include <memory>

#include "detect/layout.h"

namespace sampleproc::detect {

using LayoutMaker = std::unique_ptr<Layout> (*)(const NetworkFacts&);

std::unique_ptr<Layout> MakeYolox(const NetworkFacts& facts);
std::unique_ptr<Layout> MakeYolov5(const NetworkFacts& facts);
std::unique_ptr<Layout> MakeYolov8(const NetworkFacts& facts);
std::unique_ptr<Layout> MakeSsd(const NetworkFacts& facts);
std::unique_ptr<Layout> MakeNanodet(const NetworkFacts& facts);
std::unique_ptr<Layout> MakeDetr(const NetworkFacts& facts);
std::unique_ptr<Layout> MakeYunet(const NetworkFacts& facts);
std::unique_ptr<Layout> MakeUltraface(const NetworkFacts& facts);
std::unique_ptr<Layout> MakeBlazeface(const NetworkFacts& facts);

inline float Sigmoid(float x) { return 1.0f / (1.0f + std::exp(-x)); }

// A candidate by its middle and its sides.
inline Candidate AroundCentre(float x, float y, float width, float height, int class_index,
                              float score) {
  return {x - width / 2, y - height / 2, x + width / 2, y + height / 2, class_index, score};
}

// The largest of `count` numbers and which it is.
struct Best {
  int index;
  float value;
};
inline Best Largest(const float* values, int count) {
  Best best{0, values[0]};
  for (int i = 1; i < count; ++i) {
    if (values[i] > best.value) best = {i, values[i]};
  }
  return best;
}

// One cell of a grid over the input: its column, its row, and how many pixels it is wide.
struct Cell {
  int x;
  int y;
  int stride;
};

// The cells of all grids, row by row, the finest grid first. Sides that are no multiple of a stride
// round up.
inline std::vector<Cell> Cells(const NetworkFacts& facts, std::span<const int> strides) {
  std::vector<Cell> cells;
  for (const int stride : strides) {
    const int columns = (facts.width + stride - 1) / stride;
    const int rows = (facts.height + stride - 1) / stride;
    for (int y = 0; y < rows; ++y) {
      for (int x = 0; x < columns; ++x) cells.push_back({x, y, stride});
    }
  }
  return cells;
}

// The shape without its sides of 1, except that what remains has at least `sides` sides: the last
// ones. [1,3549,85] with two: [3549,85]; [1,1600,1] with two: [1600,1].
inline Shape Squeezed(const Shape& shape, std::size_t sides) {
  Shape squeezed = shape;
  while (squeezed.size() > sides) {
    std::size_t one = 0;
    while (one < squeezed.size() && squeezed[one] != 1) ++one;
    if (one == squeezed.size()) return {};
    squeezed.erase(squeezed.begin() + static_cast<std::ptrdiff_t>(one));
  }
  return squeezed;
}

// The network's pair of outputs with a row a box: which one holds four coordinates, which one the
// scores; `scores` has more than one column. Where both have four columns their names decide.
// `found` is false when its outputs are no such pair, or their names do not tell.
struct BoxesAndScores {
  bool found = false;
  std::size_t boxes = 0;
  std::size_t scores = 0;
  std::int64_t rows = 0;
  int columns = 0;  // of the scores
};
BoxesAndScores FindBoxesAndScores(const NetworkFacts& facts);

}  // namespace sampleproc::detect

// YOLOX and YOLOv5 give a row for each place: four numbers of a box, how sure it is that there is
// anything, and how sure of each class.
#pragma once

#include <span>
#include <vector>

#include "detect/layouts/layouts.h"

namespace sampleproc::detect {

// Calls `add(row, numbers, class_index, score)` for each row whose score reaches the threshold.
template <typename Add>
void ForEachSureRow(std::span<const float> data, int classes, float threshold, Add add) {
  const std::size_t columns = static_cast<std::size_t>(classes) + 5;
  for (std::size_t row = 0; (row + 1) * columns <= data.size(); ++row) {
    const float* const numbers = &data[row * columns];
    if (numbers[4] < threshold) continue;  // classes are 1 at most
    const Best best = Largest(numbers + 5, classes);
    const float score = numbers[4] * best.value;
    if (score >= threshold) add(row, numbers, best.index, score);
  }
}

// The number of classes of a single output of `rows` rows, 0 when it is not that.
inline int ClassesOfRows(const NetworkFacts& facts, std::size_t rows) {
  if (facts.outputs.size() != 1) return 0;
  const Shape shape = Squeezed(facts.outputs[0].shape, 2);
  if (shape.size() != 2 || shape[0] != static_cast<std::int64_t>(rows)) return 0;
  return shape[1] > 5 && shape[1] <= 10'000 ? static_cast<int>(shape[1]) - 5 : 0;
}

}  // namespace sampleproc::detect

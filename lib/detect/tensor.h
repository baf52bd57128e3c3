// Numbers in the shapes that networks take and give.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sampleproc::detect {

using Shape = std::vector<std::int64_t>;

// What is known of an output before its numbers are.
struct OutputFacts {
  std::string name;
  Shape shape;
};

// An output of one run; valid as long as whoever hands it out says.
struct TensorView {
  std::span<const float> data;
  std::span<const std::int64_t> shape;
};

// "1x3549x85"
inline std::string ShapeText(std::span<const std::int64_t> shape) {
  std::string text;
  for (const std::int64_t side : shape) {
    text += (text.empty() ? "" : "x") + std::to_string(side);
  }
  return text.empty() ? "one number" : text;
}

}  // namespace sampleproc::detect

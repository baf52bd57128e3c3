// NanoDet (RangiLyu): BGR, mean and deviation of ImageNet, stretched; [1, cells, classes + 4 * 8],
// a row for each cell: sureness of each class; then for the left, upper, right and lower side eight
// logits of how far it is, in cells 0..7 from the cell's middle. NanoDet-Plus has a fourth grid, of
// 64 pixels, and counts from the cell's corner.
#include <algorithm>
#include <cstddef>

#include "detect/layouts/layouts.h"

namespace sampleproc::detect {
namespace {

constexpr std::ptrdiff_t kBins = 8;
constexpr int kSides = 4;

class Nanodet : public Layout {
 public:
  Nanodet(std::vector<Cell> cells, int classes, float middle)
      : cells_(std::move(cells)), classes_(classes), middle_(middle) {}

  const InputSpec& Input() const override { return input_; }
  int Classes() const override { return classes_; }

  void Decode(std::span<const TensorView> outputs, float threshold,
              std::vector<Candidate>& candidates) const override {
    const auto columns = static_cast<std::size_t>(classes_ + kSides * kBins);
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      const float* const numbers = &outputs[0].data[i * columns];
      const Best best = Largest(numbers, classes_);
      if (best.value < threshold) continue;
      const auto stride = static_cast<float>(cells_[i].stride);
      const float x = (static_cast<float>(cells_[i].x) + middle_) * stride;
      const float y = (static_cast<float>(cells_[i].y) + middle_) * stride;
      const float* const bins = numbers + classes_;
      candidates.push_back({x - Distance(bins) * stride, y - Distance(bins + kBins) * stride,
                            x + Distance(bins + 2 * kBins) * stride,
                            y + Distance(bins + 3 * kBins) * stride, best.index, best.value});
    }
  }

 private:
  // The mean of the bins' numbers by their softmax.
  static float Distance(const float* bins) {
    const float largest = *std::max_element(bins, bins + kBins);
    float sum = 0;
    float weighted = 0;
    for (std::ptrdiff_t i = 0; i < kBins; ++i) {
      const float weight = std::exp(bins[i] - largest);
      sum += weight;
      weighted += weight * static_cast<float>(i);
    }
    return weighted / sum;
  }

  const InputSpec input_{.mean = {103.53f, 116.28f, 123.675f},
                         .scale = {1 / 57.375f, 1 / 57.12f, 1 / 58.395f}};
  const std::vector<Cell> cells_;
  const int classes_;
  const float middle_;
};

std::unique_ptr<Layout> WithGrids(const NetworkFacts& facts, std::span<const int> strides,
                                  float middle) {
  if (facts.outputs.size() != 1) return nullptr;
  const Shape shape = Squeezed(facts.outputs[0].shape, 2);
  std::vector<Cell> cells = Cells(facts, strides);
  if (shape.size() != 2 || shape[0] != static_cast<std::int64_t>(cells.size())) return nullptr;
  const std::int64_t classes = shape[1] - kSides * kBins;
  if (classes < 1 || classes > 10'000) return nullptr;
  return std::make_unique<Nanodet>(std::move(cells), static_cast<int>(classes), middle);
}

}  // namespace

std::unique_ptr<Layout> MakeNanodet(const NetworkFacts& facts) {
  auto plus = WithGrids(facts, std::array{8, 16, 32, 64}, 0);
  return plus != nullptr ? std::move(plus) : WithGrids(facts, std::array{8, 16, 32}, 0.5f);
}

}  // namespace sampleproc::detect

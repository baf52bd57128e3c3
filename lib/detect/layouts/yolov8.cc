// YOLOv8 (and v9, v11): RGB 0..1 in the middle, gray around it; [1, 4 + classes, cells], a column
// for each cell: middle x, y, width, height in pixels; sureness of each class.
#include "detect/layouts/layouts.h"

namespace sampleproc::detect {
namespace {

class Yolov8 : public Layout {
 public:
  Yolov8(std::size_t cells, int classes) : cells_(cells), classes_(classes) {}

  const InputSpec& Input() const override { return input_; }
  int Classes() const override { return classes_; }

  void Decode(std::span<const TensorView> outputs, float threshold,
              std::vector<Candidate>& candidates) const override {
    const std::span<const float> data = outputs[0].data;
    // Row by row, as the numbers lie.
    std::vector<Best> best(cells_, {0, -1});
    for (int k = 0; k < classes_; ++k) {
      const float* const row = &data[(static_cast<std::size_t>(k) + 4) * cells_];
      for (std::size_t i = 0; i < cells_; ++i) {
        if (row[i] > best[i].value) best[i] = {k, row[i]};
      }
    }
    for (std::size_t i = 0; i < cells_; ++i) {
      if (best[i].value < threshold) continue;
      candidates.push_back(AroundCentre(data[i], data[cells_ + i], data[2 * cells_ + i],
                                        data[3 * cells_ + i], best[i].index, best[i].value));
    }
  }

 private:
  const InputSpec input_{.order = InputSpec::Order::kRgb,
                         .fit = InputSpec::Fit::kCentre,
                         .scale = {1 / 255.f, 1 / 255.f, 1 / 255.f}};
  const std::size_t cells_;
  const int classes_;
};

}  // namespace

std::unique_ptr<Layout> MakeYolov8(const NetworkFacts& facts) {
  if (facts.outputs.size() != 1) return nullptr;
  const Shape shape = Squeezed(facts.outputs[0].shape, 2);
  const std::size_t cells = Cells(facts, std::array{8, 16, 32}).size();
  if (shape.size() != 2 || shape[1] != static_cast<std::int64_t>(cells)) return nullptr;
  if (shape[0] <= 4 || shape[0] > 10'000) return nullptr;
  return std::make_unique<Yolov8>(cells, static_cast<int>(shape[0]) - 4);
}

}  // namespace sampleproc::detect

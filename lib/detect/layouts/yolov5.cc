// YOLOv5 (and v7) with the boxes worked out inside the network: RGB 0..1 in the middle, gray
// around it; [1, 3 * cells, 5 + classes], a row for each anchor:
//   middle x, y, width, height in pixels; sureness of anything; of each class
#include "detect/layouts/grid_rows.h"

namespace sampleproc::detect {
namespace {

class Yolov5 : public Layout {
 public:
  explicit Yolov5(int classes) : classes_(classes) {}

  const InputSpec& Input() const override { return input_; }
  int Classes() const override { return classes_; }

  void Decode(std::span<const TensorView> outputs, float threshold,
              std::vector<Candidate>& candidates) const override {
    ForEachSureRow(outputs[0].data, classes_, threshold,
                   [&](std::size_t, const float* numbers, int class_index, float score) {
                     candidates.push_back(AroundCentre(numbers[0], numbers[1], numbers[2],
                                                       numbers[3], class_index, score));
                   });
  }

 private:
  const InputSpec input_{.order = InputSpec::Order::kRgb,
                         .fit = InputSpec::Fit::kCentre,
                         .scale = {1 / 255.f, 1 / 255.f, 1 / 255.f}};
  const int classes_;
};

}  // namespace

std::unique_ptr<Layout> MakeYolov5(const NetworkFacts& facts) {
  const int classes = ClassesOfRows(facts, 3 * Cells(facts, std::array{8, 16, 32}).size());
  return classes == 0 ? nullptr : std::make_unique<Yolov5>(classes);
}

}  // namespace sampleproc::detect

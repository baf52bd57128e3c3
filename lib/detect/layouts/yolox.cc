// YOLOX (Ge et al., 2021) as its exporter writes it: BGR 0..255 in the top left corner, gray around
// it; [1, cells, 5 + classes], a row for each cell of the grids of 8, 16 and 32 pixels:
//   middle x, y in cells from the cell's corner; logarithm of width, height in cells;
//   sureness of anything; of each class
#include "detect/layouts/grid_rows.h"

namespace sampleproc::detect {
namespace {

class Yolox : public Layout {
 public:
  Yolox(std::vector<Cell> cells, int classes) : cells_(std::move(cells)), classes_(classes) {}

  const InputSpec& Input() const override { return input_; }
  int Classes() const override { return classes_; }

  void Decode(std::span<const TensorView> outputs, float threshold,
              std::vector<Candidate>& candidates) const override {
    ForEachSureRow(
        outputs[0].data, classes_, threshold,
        [&](std::size_t row, const float* numbers, int class_index, float score) {
          const Cell& cell = cells_[row];
          const auto stride = static_cast<float>(cell.stride);
          candidates.push_back(AroundCentre((numbers[0] + static_cast<float>(cell.x)) * stride,
                                            (numbers[1] + static_cast<float>(cell.y)) * stride,
                                            std::exp(numbers[2]) * stride,
                                            std::exp(numbers[3]) * stride, class_index, score));
        });
  }

 private:
  const InputSpec input_{.fit = InputSpec::Fit::kTopLeft};
  const std::vector<Cell> cells_;
  const int classes_;
};

}  // namespace

std::unique_ptr<Layout> MakeYolox(const NetworkFacts& facts) {
  std::vector<Cell> cells = Cells(facts, std::array{8, 16, 32});
  const int classes = ClassesOfRows(facts, cells.size());
  if (classes == 0) return nullptr;
  return std::make_unique<Yolox>(std::move(cells), classes);
}

}  // namespace sampleproc::detect

// BlazeFace (Bazarevsky et al., 2019), faces: RGB -1..1 in the middle, black around it; boxes
// [1, anchors, 16] and scores [1, anchors, 1], each in one output or in one for the fine grid
// (2 anchors a cell) and one for the coarse grid (6). A row: middle x, y, width, height in pixels
// from the cell's middle, then six points, not looked at; a logit. The cells are 16 and 32 pixels
// of a 256 pixel input (the back camera's network), 8 and 16 of a 128 pixel one (the front's).
#include <algorithm>
#include <array>

#include "detect/labels.h"
#include "detect/layouts/layouts.h"

namespace sampleproc::detect {
namespace {

constexpr std::int64_t kBoxColumns = 16;
constexpr std::array kAnchorsPerCell = {2, 6};

// Outputs whose rows follow each other.
struct Part {
  std::size_t boxes;
  std::size_t scores;
  std::size_t first;  // row
  std::size_t rows;
};

class Blazeface : public Layout {
 public:
  Blazeface(std::vector<Cell> anchors, std::vector<Part> parts)
      : anchors_(std::move(anchors)), parts_(std::move(parts)) {}

  const InputSpec& Input() const override { return input_; }
  int Classes() const override { return 1; }
  std::string_view OnlyClass() const override { return kFaceClass; }

  void Decode(std::span<const TensorView> outputs, float threshold,
              std::vector<Candidate>& candidates) const override {
    for (const Part& part : parts_) {
      for (std::size_t i = 0; i < part.rows; ++i) {
        const float score = Sigmoid(outputs[part.scores].data[i]);
        if (score < threshold) continue;
        const float* const box = &outputs[part.boxes].data[i * kBoxColumns];
        const Cell& cell = anchors_[part.first + i];
        const auto stride = static_cast<float>(cell.stride);
        candidates.push_back(AroundCentre(box[0] + (static_cast<float>(cell.x) + 0.5f) * stride,
                                          box[1] + (static_cast<float>(cell.y) + 0.5f) * stride,
                                          box[2], box[3], 0, score));
      }
    }
  }

 private:
  const InputSpec input_{.order = InputSpec::Order::kRgb,
                         .fit = InputSpec::Fit::kCentre,
                         .mean = {127.5f, 127.5f, 127.5f},
                         .scale = {1 / 127.5f, 1 / 127.5f, 1 / 127.5f},
                         .fill = 0};
  const std::vector<Cell> anchors_;
  const std::vector<Part> parts_;
};

// The output with `rows` rows of `columns` numbers, or the number of outputs.
std::size_t Find(const NetworkFacts& facts, std::size_t rows, std::int64_t columns) {
  const Shape wanted{static_cast<std::int64_t>(rows), columns};
  const auto found = std::ranges::find_if(facts.outputs, [&](const OutputFacts& output) {
    return Squeezed(output.shape, 2) == wanted;
  });
  return static_cast<std::size_t>(found - facts.outputs.begin());
}

}  // namespace

std::unique_ptr<Layout> MakeBlazeface(const NetworkFacts& facts) {
  const int fine = std::min(facts.width, facts.height) >= 256 ? 16 : 8;
  std::vector<Cell> anchors;
  std::vector<std::size_t> ends;
  for (std::size_t grid = 0; grid < kAnchorsPerCell.size(); ++grid) {
    for (const Cell& cell : Cells(facts, std::array{fine << grid})) {
      anchors.insert(anchors.end(), static_cast<std::size_t>(kAnchorsPerCell[grid]), cell);
    }
    ends.push_back(anchors.size());
  }
  if (facts.outputs.size() == 2) ends = {anchors.size()};
  if (facts.outputs.size() != 2 * ends.size()) return nullptr;
  std::vector<Part> parts;
  std::size_t first = 0;
  for (const std::size_t end : ends) {
    const Part part{Find(facts, end - first, kBoxColumns), Find(facts, end - first, 1), first,
                    end - first};
    if (std::max(part.boxes, part.scores) >= facts.outputs.size()) return nullptr;
    parts.push_back(part);
    first = end;
  }
  return std::make_unique<Blazeface>(std::move(anchors), std::move(parts));
}

}  // namespace sampleproc::detect

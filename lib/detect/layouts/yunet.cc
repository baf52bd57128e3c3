// YuNet (Wu et al., 2023), faces: BGR 0..255 in the top left corner, black around it; for each of
// the strides 8, 16 and 32 outputs cls_S, obj_S [1, cells, 1], bbox_S [1, cells, 4] and kps_S, a
// row for each cell:
//   score = square root of (cls * obj); middle x, y in cells from the cell's corner; logarithm of
//   width, height in cells. The points of the face (kps) are not looked at.
#include <algorithm>
#include <array>
#include <optional>

#include "detect/labels.h"
#include "detect/layouts/layouts.h"

namespace sampleproc::detect {
namespace {

constexpr std::array kStrides = {8, 16, 32};

struct Grid {
  std::vector<Cell> cells;
  std::size_t cls;  // which outputs
  std::size_t obj;
  std::size_t bbox;
};

class Yunet : public Layout {
 public:
  explicit Yunet(std::vector<Grid> grids) : grids_(std::move(grids)) {}

  const InputSpec& Input() const override { return input_; }
  int Classes() const override { return 1; }
  std::string_view OnlyClass() const override { return kFaceClass; }

  void Decode(std::span<const TensorView> outputs, float threshold,
              std::vector<Candidate>& candidates) const override {
    for (const Grid& grid : grids_) {
      for (std::size_t i = 0; i < grid.cells.size(); ++i) {
        const float cls = std::clamp(outputs[grid.cls].data[i], 0.0f, 1.0f);
        const float obj = std::clamp(outputs[grid.obj].data[i], 0.0f, 1.0f);
        const float score = std::sqrt(cls * obj);
        if (score < threshold) continue;
        const float* const box = &outputs[grid.bbox].data[i * 4];
        const Cell& cell = grid.cells[i];
        const auto stride = static_cast<float>(cell.stride);
        candidates.push_back(AroundCentre((static_cast<float>(cell.x) + box[0]) * stride,
                                          (static_cast<float>(cell.y) + box[1]) * stride,
                                          std::exp(box[2]) * stride, std::exp(box[3]) * stride, 0,
                                          score));
      }
    }
  }

 private:
  const InputSpec input_{.fit = InputSpec::Fit::kTopLeft, .fill = 0};
  const std::vector<Grid> grids_;
};

// The output `name` when it has `columns` numbers for each of `rows` rows.
std::optional<std::size_t> Find(const NetworkFacts& facts, const std::string& name,
                                std::size_t rows, std::int64_t columns) {
  const auto found = std::ranges::find(facts.outputs, name, &OutputFacts::name);
  if (found == facts.outputs.end()) return std::nullopt;
  if (Squeezed(found->shape, 2) != Shape{static_cast<std::int64_t>(rows), columns}) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(found - facts.outputs.begin());
}

}  // namespace

std::unique_ptr<Layout> MakeYunet(const NetworkFacts& facts) {
  std::vector<Grid> grids;
  for (const int stride : kStrides) {
    std::vector<Cell> cells = Cells(facts, std::array{stride});
    const std::string suffix = "_" + std::to_string(stride);
    const auto cls = Find(facts, "cls" + suffix, cells.size(), 1);
    const auto obj = Find(facts, "obj" + suffix, cells.size(), 1);
    const auto bbox = Find(facts, "bbox" + suffix, cells.size(), 4);
    if (!cls || !obj || !bbox) return nullptr;
    grids.push_back({std::move(cells), *cls, *obj, *bbox});
  }
  return std::make_unique<Yunet>(std::move(grids));
}

}  // namespace sampleproc::detect

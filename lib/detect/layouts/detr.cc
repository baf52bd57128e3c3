// DETR (Carion et al., 2020): RGB, mean and deviation of ImageNet, stretched; [1, queries, 1 +
// classes] and [1, queries, 4], a row for each thing that may be there:
//   logits of each class, the last of nothing
//   middle x, y, width, height in shares of the input
// Each thing has one row, so nothing has to be chosen among boxes.
#include <algorithm>

#include "detect/layouts/layouts.h"

namespace sampleproc::detect {
namespace {

// More rows than any DETR has queries; grids and anchors begin above.
constexpr std::int64_t kMaxQueries = 900;

class Detr : public Layout {
 public:
  Detr(const NetworkFacts& facts, const BoxesAndScores& where)
      : width_(static_cast<float>(facts.width)),
        height_(static_cast<float>(facts.height)),
        where_(where) {}

  const InputSpec& Input() const override { return input_; }
  int Classes() const override { return where_.columns - 1; }
  bool Overlaps() const override { return false; }

  void Decode(std::span<const TensorView> outputs, float threshold,
              std::vector<Candidate>& candidates) const override {
    const auto columns = static_cast<std::size_t>(where_.columns);
    for (std::size_t i = 0; i < static_cast<std::size_t>(where_.rows); ++i) {
      const float* const logits = &outputs[where_.scores].data[i * columns];
      const Best best = Largest(logits, Classes());
      const float largest = std::max(best.value, logits[columns - 1]);
      float sum = 0;
      for (std::size_t k = 0; k < columns; ++k) sum += std::exp(logits[k] - largest);
      const float score = std::exp(best.value - largest) / sum;
      if (score < threshold) continue;
      const float* const box = &outputs[where_.boxes].data[i * 4];
      candidates.push_back(AroundCentre(box[0] * width_, box[1] * height_, box[2] * width_,
                                        box[3] * height_, best.index, score));
    }
  }

 private:
  const InputSpec input_{.order = InputSpec::Order::kRgb,
                         .mean = {123.675f, 116.28f, 103.53f},
                         .scale = {1 / 58.395f, 1 / 57.12f, 1 / 57.375f}};
  const float width_;
  const float height_;
  const BoxesAndScores where_;
};

}  // namespace

std::unique_ptr<Layout> MakeDetr(const NetworkFacts& facts) {
  const BoxesAndScores where = FindBoxesAndScores(facts);
  if (!where.found || where.rows > kMaxQueries) return nullptr;
  return std::make_unique<Detr>(facts, where);
}

}  // namespace sampleproc::detect

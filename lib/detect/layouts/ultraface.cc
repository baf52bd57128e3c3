// Ultra-Light-Fast-Generic-Face-Detector (Linzaer): RGB, (pixel - 127) / 128, stretched; scores
// [1, anchors, 2] of nothing and of a face, boxes [1, anchors, 4] with their left, upper, right and
// lower side in shares of the input.
#include <array>

#include "detect/labels.h"
#include "detect/layouts/layouts.h"

namespace sampleproc::detect {
namespace {

class Ultraface : public Layout {
 public:
  Ultraface(const NetworkFacts& facts, const BoxesAndScores& where)
      : width_(static_cast<float>(facts.width)),
        height_(static_cast<float>(facts.height)),
        where_(where) {}

  const InputSpec& Input() const override { return input_; }
  int Classes() const override { return 1; }
  std::string_view OnlyClass() const override { return kFaceClass; }

  void Decode(std::span<const TensorView> outputs, float threshold,
              std::vector<Candidate>& candidates) const override {
    for (std::size_t i = 0; i < static_cast<std::size_t>(where_.rows); ++i) {
      const float score = outputs[where_.scores].data[2 * i + 1];
      if (score < threshold) continue;
      const float* const box = &outputs[where_.boxes].data[4 * i];
      candidates.push_back(
          {box[0] * width_, box[1] * height_, box[2] * width_, box[3] * height_, 0, score});
    }
  }

 private:
  const InputSpec input_{.order = InputSpec::Order::kRgb,
                         .mean = {127, 127, 127},
                         .scale = {1 / 128.f, 1 / 128.f, 1 / 128.f}};
  const float width_;
  const float height_;
  const BoxesAndScores where_;
};

// Boxes for each cell of the grids of 8, 16, 32 and 64 pixels.
std::size_t AnchorCount(const NetworkFacts& facts) {
  return 3 * Cells(facts, std::array{8, 64}).size() + 2 * Cells(facts, std::array{16, 32}).size();
}

}  // namespace

std::unique_ptr<Layout> MakeUltraface(const NetworkFacts& facts) {
  const BoxesAndScores where = FindBoxesAndScores(facts);
  if (!where.found || where.columns != 2) return nullptr;
  if (where.rows != static_cast<std::int64_t>(AnchorCount(facts))) return nullptr;
  return std::make_unique<Ultraface>(facts, where);
}

}  // namespace sampleproc::detect

// SSD on MobileNet as the TensorFlow Object Detection API trains it and MediaPipe ships it: RGB
// -1..1, stretched; [1, anchors, 4] and [1, anchors, 1 + classes], a row for each anchor:
//   middle y, x in tenths of the anchor's sides; logarithm of height, width in fifths of them
//   logits of nothing and of each class
// The anchors are MediaPipe's SsdAnchorsCalculator's for six layers, scales 0.2 to 0.95, aspect
// ratios 1, 2, 1/2, 3, 1/3 and the first layer's reduced to three.
#include <algorithm>
#include <array>

#include "detect/layouts/layouts.h"

namespace sampleproc::detect {
namespace {

struct Anchor {  // shares of the input's sides
  float x;
  float y;
  float width;
  float height;
};

std::vector<Anchor> Anchors(const NetworkFacts& facts) {
  constexpr int kLayers = 6;
  const auto scale = [](int layer) {
    return layer == kLayers ? 1.0f : 0.2f + 0.75f * static_cast<float>(layer) / (kLayers - 1);
  };
  std::vector<Anchor> anchors;
  for (int layer = 0; layer < kLayers; ++layer) {
    std::vector<std::array<float, 2>> sides;  // width, height
    const auto add = [&sides](float size, float ratio) {
      sides.push_back({size * std::sqrt(ratio), size / std::sqrt(ratio)});
    };
    if (layer == 0) {
      add(0.1f, 1);
      add(scale(0), 2);
      add(scale(0), 0.5f);
    } else {
      for (const float ratio : {1.0f, 2.0f, 0.5f, 3.0f, 0.3333f}) add(scale(layer), ratio);
      add(std::sqrt(scale(layer) * scale(layer + 1)), 1);
    }
    const int stride = 16 << layer;
    const int columns = (facts.width + stride - 1) / stride;
    const int rows = (facts.height + stride - 1) / stride;
    for (int y = 0; y < rows; ++y) {
      for (int x = 0; x < columns; ++x) {
        for (const auto& [width, height] : sides) {
          anchors.push_back({(static_cast<float>(x) + 0.5f) / static_cast<float>(columns),
                             (static_cast<float>(y) + 0.5f) / static_cast<float>(rows), width,
                             height});
        }
      }
    }
  }
  return anchors;
}

class Ssd : public Layout {
 public:
  Ssd(const NetworkFacts& facts, std::vector<Anchor> anchors, const BoxesAndScores& where)
      : width_(static_cast<float>(facts.width)),
        height_(static_cast<float>(facts.height)),
        anchors_(std::move(anchors)),
        where_(where) {}

  const InputSpec& Input() const override { return input_; }
  int Classes() const override { return where_.columns - 1; }

  void Decode(std::span<const TensorView> outputs, float threshold,
              std::vector<Candidate>& candidates) const override {
    const std::span<const float> boxes = outputs[where_.boxes].data;
    const std::span<const float> scores = outputs[where_.scores].data;
    const auto columns = static_cast<std::size_t>(where_.columns);
    for (std::size_t i = 0; i < anchors_.size(); ++i) {
      const Best best = Largest(&scores[i * columns + 1], Classes());
      const float score = Sigmoid(best.value);
      if (score < threshold) continue;
      const float* const box = &boxes[i * 4];
      const Anchor& anchor = anchors_[i];
      candidates.push_back(AroundCentre((box[1] / 10 * anchor.width + anchor.x) * width_,
                                        (box[0] / 10 * anchor.height + anchor.y) * height_,
                                        std::exp(box[3] / 5) * anchor.width * width_,
                                        std::exp(box[2] / 5) * anchor.height * height_, best.index,
                                        score));
    }
  }

 private:
  const InputSpec input_{.order = InputSpec::Order::kRgb,
                         .fit = InputSpec::Fit::kStretch,
                         .mean = {127.5f, 127.5f, 127.5f},
                         .scale = {1 / 127.5f, 1 / 127.5f, 1 / 127.5f}};
  const float width_;
  const float height_;
  const std::vector<Anchor> anchors_;
  const BoxesAndScores where_;
};

}  // namespace

std::unique_ptr<Layout> MakeSsd(const NetworkFacts& facts) {
  const BoxesAndScores where = FindBoxesAndScores(facts);
  if (!where.found) return nullptr;
  std::vector<Anchor> anchors = Anchors(facts);
  if (where.rows != static_cast<std::int64_t>(anchors.size())) return nullptr;
  return std::make_unique<Ssd>(facts, std::move(anchors), where);
}

}  // namespace sampleproc::detect

#include "detect/layout.h"

#include <algorithm>
#include <array>

#include "detect/layouts/layouts.h"

namespace sampleproc::detect {
namespace {

struct LayoutRow {
  std::string_view name;
  LayoutMaker make;
  std::string_view outputs;  // what it expects, for messages
};

constexpr std::array kLayouts = {
    LayoutRow{"yolox", &MakeYolox, "one output of 1 x cells x (5 + classes)"},
    LayoutRow{"yolov5", &MakeYolov5, "one output of 1 x 3 cells x (5 + classes)"},
    LayoutRow{"yolov8", &MakeYolov8, "one output of 1 x (4 + classes) x cells"},
    LayoutRow{"ssd", &MakeSsd,
              "boxes of 1 x anchors x 4 and logits of 1 x anchors x (1 + classes)"},
    LayoutRow{"nanodet", &MakeNanodet, "one output of 1 x cells x (classes + 32)"},
    LayoutRow{"detr", &MakeDetr,
              "logits of 1 x queries x (classes + 1) and boxes of 1 x queries x 4"},
    LayoutRow{"yunet", &MakeYunet, "cls, obj and bbox of the strides 8, 16 and 32"},
    LayoutRow{"ultraface", &MakeUltraface,
              "scores of 1 x anchors x 2 and boxes of 1 x anchors x 4"},
    LayoutRow{"blazeface", &MakeBlazeface,
              "boxes of 1 x anchors x 16 and scores of 1 x anchors x 1"},
};

constexpr auto kNames = [] {
  std::array<std::string_view, kLayouts.size()> names;
  for (std::size_t i = 0; i < kLayouts.size(); ++i) names[i] = kLayouts[i].name;
  return names;
}();

std::string Outputs(const NetworkFacts& facts) {
  std::string text;
  constexpr std::size_t kMost = 12;
  for (std::size_t i = 0; i < facts.outputs.size() && i < kMost; ++i) {
    text += (i == 0 ? "" : ", ") + ShapeText(facts.outputs[i].shape);
  }
  if (facts.outputs.size() > kMost) text += ", ...";
  return text + " for an input of " + std::to_string(facts.width) + "x" +
         std::to_string(facts.height);
}

std::string Joined(std::span<const std::string_view> names) {
  std::string text;
  for (const std::string_view name : names) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

}  // namespace

std::span<const std::string_view> KnownLayouts() { return kNames; }

base::Result<ChosenLayout> MakeLayout(std::string_view name, const NetworkFacts& facts,
                                      int labels) {
  std::string fitting;
  std::vector<ChosenLayout> made;
  for (const LayoutRow& row : kLayouts) {
    if (name != "auto" && name != row.name) continue;
    auto layout = row.make(facts);
    if (layout != nullptr) {
      fitting += (made.empty() ? "" : ", ") + std::string(row.name);
      made.push_back({row.name, std::move(layout)});
    } else if (name == row.name) {
      return base::Fail(base::ErrorCode::kConfig,
                        "the network's outputs are not those of the layout " + std::string(name) +
                            " (" + std::string(row.outputs) + "): they are " + Outputs(facts));
    }
  }
  if (made.size() > 1) {
    const auto others = std::ranges::stable_partition(
        made, [labels](const auto& each) { return each.layout->Classes() == labels; });
    if (others.begin() - made.begin() == 1) return std::move(made.front());
    return base::Fail(base::ErrorCode::kConfig,
                      "the network's outputs fit several layouts (" + fitting +
                          "), and the number of labels does not decide; name the layout");
  }
  if (made.empty()) {
    return base::Fail(base::ErrorCode::kConfig, "the network's outputs fit no layout of " +
                                                    Joined(kNames) + ": they are " +
                                                    Outputs(facts));
  }
  return std::move(made.front());
}

BoxesAndScores FindBoxesAndScores(const NetworkFacts& facts) {
  if (facts.outputs.size() != 2) return {};
  for (std::size_t boxes = 0; boxes < 2; ++boxes) {
    const Shape box = Squeezed(facts.outputs[boxes].shape, 2);
    const Shape score = Squeezed(facts.outputs[1 - boxes].shape, 2);
    if (box.size() != 2 || score.size() != 2) return {};
    if (box[1] != 4 || score[0] != box[0] || score[1] < 2 || score[1] > 10'000) continue;
    return {true, boxes, 1 - boxes, box[0], static_cast<int>(score[1])};
  }
  return {};
}

}  // namespace sampleproc::detect

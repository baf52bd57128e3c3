#include "detect/layout.h"

#include <algorithm>
#include <array>
#include <optional>

#include "detect/labels.h"
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

std::vector<std::string_view> NamesOf(std::span<const ChosenLayout> layouts) {
  std::vector<std::string_view> names;
  for (const ChosenLayout& each : layouts) names.push_back(each.name);
  return names;
}

// Whether the labels can be the names of the layout's classes.
bool Suits(const Layout& layout, const Labels& labels) {
  if (!labels.named && !layout.OnlyClass().empty()) return true;
  return LabelsSuit(layout.Classes(), labels.count);
}

std::string Advice(const std::string& layouts) {
  return layouts.empty() ? std::string() : "; the layout " + layouts + " has them";
}

// `better`: the layouts of such outputs whose classes are as many as the labels.
std::unexpected<base::Error> OtherClasses(const ChosenLayout& chosen, const NetworkFacts& facts,
                                          const Labels& labels, const std::string& better) {
  return base::Fail(base::ErrorCode::kConfig,
                    "by the layout " + std::string(chosen.name) + " its outputs, " +
                        Outputs(facts) + ", have " + std::to_string(chosen.layout->Classes()) +
                        " classes, and there are " + std::to_string(labels.count) + " labels" +
                        (better.empty() ? "; name each class in its labels"
                                        : "; the layout " + better + " has as many as labels"));
}

bool HasOneOf(std::string_view name, std::span<const std::string_view> words) {
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return std::ranges::any_of(
      words, [&lower](std::string_view word) { return lower.find(word) != std::string::npos; });
}

// What the name of an output says it holds.
enum class Holds { kUnknown, kBoxes, kScores };

Holds ByName(std::string_view name) {
  constexpr std::array<std::string_view, 3> kBoxes = {"box", "loc", "coord"};
  constexpr std::array<std::string_view, 6> kScores = {"logit", "score", "cls",
                                                       "class", "conf",  "prob"};
  const bool boxes = HasOneOf(name, kBoxes);
  if (boxes == HasOneOf(name, kScores)) return Holds::kUnknown;
  return boxes ? Holds::kBoxes : Holds::kScores;
}

// Of two outputs of which each could hold boxes or scores: which one holds the boxes.
std::optional<std::size_t> BoxesByName(const std::vector<OutputFacts>& outputs) {
  const Holds first = ByName(outputs[0].name);
  const Holds second = ByName(outputs[1].name);
  if (first == second) return std::nullopt;
  return first == Holds::kBoxes || second == Holds::kScores ? 0 : 1;
}

// Whether the layout `name`, or one of all with "auto", lacks nothing but names that tell boxes
// from scores.
bool LacksNamesOnly(std::string_view name, const NetworkFacts& facts) {
  if (facts.outputs.size() != 2) return false;
  NetworkFacts named = facts;
  named.outputs[0].name = "boxes";
  named.outputs[1].name = "scores";
  return std::ranges::any_of(kLayouts, [&](const LayoutRow& row) {
    return (name == "auto" || name == row.name) && row.make(named) != nullptr;
  });
}

std::unexpected<base::Error> NamesDoNotTell(const NetworkFacts& facts) {
  return base::Fail(base::ErrorCode::kConfig,
                    "either of the network's outputs, " + Outputs(facts) +
                        ", could be the boxes and the other one the scores, and their names do "
                        "not tell: name the former \"boxes\" and the latter \"scores\" where the "
                        "model is exported");
}

}  // namespace

std::span<const std::string_view> KnownLayouts() { return kNames; }

base::Result<ChosenLayout> MakeLayout(std::string_view name, const NetworkFacts& facts,
                                      const Labels& labels) {
  std::vector<ChosenLayout> made;
  for (const LayoutRow& row : kLayouts) {
    if (auto layout = row.make(facts)) made.push_back({row.name, std::move(layout)});
  }
  const auto suits = [&labels](const ChosenLayout& each) { return Suits(*each.layout, labels); };
  const auto right = std::ranges::stable_partition(made, suits).begin() - made.begin();
  const bool is_made =
      name == "auto" ? !made.empty() : std::ranges::count(made, name, &ChosenLayout::name) > 0;
  if (!is_made && LacksNamesOnly(name, facts)) return NamesDoNotTell(facts);
  if (name == "auto") {
    if (made.empty()) {
      return base::Fail(base::ErrorCode::kConfig, "the network's outputs fit no layout of " +
                                                      Joined(kNames) + ": they are " +
                                                      Outputs(facts));
    }
    if (right == 1 || (right == 0 && made.size() == 1)) {
      if (right == 0) return OtherClasses(made.front(), facts, labels, {});
      return std::move(made.front());
    }
    return base::Fail(base::ErrorCode::kConfig,
                      "the network's outputs fit several layouts (" + Joined(NamesOf(made)) +
                          "), and the number of labels, " + std::to_string(labels.count) +
                          ", does not decide; name the layout, and the labels");
  }
  const auto chosen = std::ranges::find(made, name, &ChosenLayout::name);
  const std::string better =
      Joined(NamesOf(std::span(made).first(static_cast<std::size_t>(right))));
  if (chosen == made.end()) {
    const auto row = std::ranges::find(kLayouts, name, &LayoutRow::name);
    return base::Fail(base::ErrorCode::kConfig,
                      "the network's outputs are not those of the layout " + std::string(name) +
                          " (" + std::string(row->outputs) + "): they are " + Outputs(facts) +
                          Advice(better));
  }
  if (!suits(*chosen)) return OtherClasses(*chosen, facts, labels, better);
  return std::move(*chosen);
}

BoxesAndScores FindBoxesAndScores(const NetworkFacts& facts) {
  if (facts.outputs.size() != 2) return {};
  if (Squeezed(facts.outputs[0].shape, 2) == Squeezed(facts.outputs[1].shape, 2)) {
    const Shape both = Squeezed(facts.outputs[0].shape, 2);
    const auto boxes = BoxesByName(facts.outputs);
    if (both.size() != 2 || both[1] != 4 || !boxes) return {};
    return {true, *boxes, 1 - *boxes, both[0], 4};
  }
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

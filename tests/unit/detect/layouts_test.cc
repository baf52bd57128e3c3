// Each layout against a network whose answer is known by construction, on each runtime: where its
// boxes are, what they are called, which of two stays, and what the network gets to see of a
// colour.
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <map>

#include "base/bytes.h"
#include "detect/labels.h"
#include "unit/detect/model_maker.h"
#include "unit/detect/runtimes.h"

namespace sampleproc::detect {
namespace {

using Rows = std::vector<std::vector<float>>;

constexpr float kFill = -9;  // a logit of nothing

std::vector<float> Flat(const Rows& rows) {
  std::vector<float> flat;
  for (const auto& row : rows) flat.insert(flat.end(), row.begin(), row.end());
  return flat;
}

std::int64_t Sides(std::size_t count) { return static_cast<std::int64_t>(count); }

// A picture of one colour.
class OneColour {
 public:
  OneColour(int width, int height, std::array<std::uint8_t, 3> bgr) {
    for (int i = 0; i < width * height; ++i) {
      pixels_.insert(pixels_.end(), bgr.begin(), bgr.end());
    }
    image = {pixels_.data(), width, height, static_cast<std::size_t>(width) * 3,
             frame::PixelFormat::kBgr24};
  }
  frame::Image image;

 private:
  base::ByteBuffer pixels_;
};

frame::Detection Found(const std::string& name, double confidence, frame::Bbox box) {
  return {name, confidence, box, "objects"};
}

void CheckFinds(const std::string& model, const std::string& layout, const frame::Image& image,
                const std::vector<frame::Detection>& expected, DetectorOptions options = {}) {
  for (const RuntimeChoice runtime : Runtimes()) {
    resources::MemoryBudget budget{std::size_t{1} << 30};
    options.runtime = runtime;
    auto detector = OpenModel(model, options, budget);
    INFO((runtime == RuntimeChoice::kOpencv ? "OpenCV" : "ONNX Runtime"));
    if (!detector) FAIL(detector.error().message);
    CHECK((*detector)->layout_name() == layout);
    Detector::Scratch scratch;
    const auto found = (*detector)->Find(image, {0.5, options.nms, options.classes}, {}, scratch);
    if (!found) FAIL(found.error().message);
    REQUIRE(found->size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CHECK((*found)[i].class_name == expected[i].class_name);
      CHECK((*found)[i].detector == expected[i].detector);
      CHECK((*found)[i].bbox == expected[i].bbox);
      CHECK((*found)[i].confidence == Approx(expected[i].confidence).margin(1e-4));
    }
  }
}

DetectorOptions Labelled(const std::vector<std::string>& labels,
                         const std::string& layout = "auto") {
  DetectorOptions options;
  options.labels = labels;
  options.layout = layout;
  return options;
}

const OneColour kGray(128, 64, {128, 128, 128});  // twice as wide as high

// 64x64: grids of 8x8, 4x4 and 2x2 cells.
Rows YoloxRows() {
  Rows rows(84, {0, 0, 0, 0, 0, 0, 0});
  // Cell 3, 2 of the grid of 8: middle 28, 20; 16 x 8 pixels.
  rows[2 * 8 + 3] = {0.5f, 0.5f, std::log(2.0f), 0, 0.9f, 0.1f, 1.0f};
  // The same from the grid of 16, less sure; and of the other class.
  rows[64 + 1 * 4 + 1] = {0.75f, 0.25f, 0, std::log(0.5f), 0.8f, 0.0f, 0.9f};
  rows[64 + 1 * 4 + 2] = {-0.25f, 0.25f, 0, std::log(0.5f), 0.8f, 0.9f, 0.0f};
  // Sure that there is something, not what.
  rows[80] = {0.5f, 0.5f, 0, 0, 1.0f, 0.4f, 0.4f};
  return rows;
}

TEST_CASE("YOLOX: cells and strides, and one of each class where boxes overlap", "[detect]") {
  const std::string model = ModelMaker(64, 64).Output("out", {1, 84, 7}, Flat(YoloxRows())).Make();
  // The picture lies in the upper half, at half its size.
  CheckFinds(model, "yolox", kGray.image,
             {Found("cup", 0.9, {40, 32, 72, 48}), Found("cat", 0.72, {40, 32, 72, 48})},
             Labelled({"cat", "cup"}));
  DetectorOptions cats = Labelled({"cat", "cup"});
  cats.classes = {"cat"};
  CheckFinds(model, "yolox", kGray.image, {Found("cat", 0.72, {40, 32, 72, 48})}, cats);
  DetectorOptions all = Labelled({"cat", "cup"});
  all.nms = 1;
  CheckFinds(model, "yolox", kGray.image,
             {Found("cup", 0.9, {40, 32, 72, 48}), Found("cat", 0.72, {40, 32, 72, 48}),
              Found("cup", 0.72, {40, 32, 72, 48})},
             all);
}

TEST_CASE("YOLOv5: pixels of an input with the picture in its middle", "[detect]") {
  Rows rows(3 * 84, {0, 0, 0, 0, 0, 0, 0});
  rows[100] = {28, 36, 16, 8, 0.9f, 0.1f, 1.0f};
  rows[101] = {29, 36, 16, 8, 0.8f, 0.1f, 1.0f};
  CheckFinds(ModelMaker(64, 64).Output("out", {1, 252, 7}, Flat(rows)).Make(), "yolov5",
             kGray.image, {Found("cup", 0.9, {40, 32, 72, 48})}, Labelled({"cat", "cup"}));
}

TEST_CASE("YOLOv8: a column for each cell", "[detect]") {
  Rows rows(6, std::vector<float>(84, 0.0f));
  const auto set = [&rows](std::size_t column, const std::vector<float>& numbers) {
    for (std::size_t i = 0; i < numbers.size(); ++i) rows[i][column] = numbers[i];
  };
  set(7, {28, 36, 16, 8, 0.1f, 0.9f});
  set(8, {29, 36, 16, 8, 0.1f, 0.8f});
  set(70, {60, 40, 16, 16, 0.6f, 0.1f});  // beyond the right edge
  CheckFinds(ModelMaker(64, 64).Output("out", {1, 6, 84}, Flat(rows)).Make(), "yolov8", kGray.image,
             {Found("cup", 0.9, {40, 32, 72, 48}), Found("cat", 0.6, {104, 32, 128, 64})},
             Labelled({"cat", "cup"}));
}

TEST_CASE("SSD: anchors of six layers", "[detect]") {
  // 64x64: 4x4 cells of 3 anchors, then 2x2, and four layers of one cell, of 6 anchors.
  const std::size_t count = 16 * 3 + 4 * 6 + 4 * 6;
  Rows boxes(count, {0, 0, 0, 0});
  Rows scores(count, {0, kFill, kFill});
  // Cell 1, 1 of the first layer, its first anchor: middle 24, 24; a tenth of the input.
  boxes[(1 * 4 + 1) * 3] = {10 * 4 / 6.4f, 10 * 8 / 6.4f, 5 * std::log(2.0f), 0};
  scores[(1 * 4 + 1) * 3] = {0, kFill, 2};
  // Cell 1, 0 of the second, its last anchor: middle 48, 16; sides sqrt(0.35 * 0.5) of the input.
  scores[48 + 1 * 6 + 5] = {0, 1, kFill};
  const double side = 64 * std::sqrt(0.35 * 0.5);
  const auto x = [](double at) { return static_cast<int>(std::lround(at * 2)); };
  const auto y = [](double at) { return static_cast<int>(std::lround(at)); };
  CheckFinds(
      ModelMaker(64, 64)
          .Output("boxes", {1, Sides(count), 4}, Flat(boxes))
          .Output("scores", {1, Sides(count), 3}, Flat(scores))
          .Make(),
      "ssd", kGray.image,
      {Found("cup", 1 / (1 + std::exp(-2.0)), {x(32 - 3.2), y(28 - 6.4), x(32 + 3.2), y(28 + 6.4)}),
       Found("cat", 1 / (1 + std::exp(-1.0)),
             {x(48 - side / 2), y(16 - side / 2), x(48 + side / 2), y(16 + side / 2)})},
      Labelled({"cat", "cup"}, "ssd"));
}

// Eight logits that say `cells` for sure.
std::vector<float> Distance(std::size_t cells) {
  std::vector<float> bins(8, -20.0f);
  bins[cells] = 20;
  return bins;
}

std::vector<float> NanodetRow(float cat, float cup, const std::array<std::size_t, 4>& distances) {
  std::vector<float> row = {cat, cup};
  for (const std::size_t cells : distances) {
    const auto bins = Distance(cells);
    row.insert(row.end(), bins.begin(), bins.end());
  }
  return row;
}

TEST_CASE("NanoDet: distances from a cell's middle, from its corner with four grids", "[detect]") {
  Rows rows(84, NanodetRow(0, 0, {0, 0, 0, 0}));
  rows[2 * 8 + 3] = NanodetRow(0.1f, 0.9f, {1, 2, 3, 1});  // from 28, 20
  CheckFinds(ModelMaker(64, 64).Output("out", {1, 84, 34}, Flat(rows)).Make(), "nanodet",
             kGray.image, {Found("cup", 0.9, {40, 4, 104, 28})}, Labelled({"cat", "cup"}));
  rows.push_back(NanodetRow(0, 0, {0, 0, 0, 0}));  // the grid of 64: one cell
  CheckFinds(ModelMaker(64, 64).Output("out", {1, 85, 34}, Flat(rows)).Make(), "nanodet",
             kGray.image, {Found("cup", 0.9, {32, 0, 96, 24})}, Labelled({"cat", "cup"}));
}

TEST_CASE("DETR: shares of the picture, and nothing chosen among boxes", "[detect]") {
  Rows boxes(10, {0.5f, 0.5f, 0.1f, 0.1f});
  Rows scores(10, {kFill, kFill, 5});
  boxes[3] = boxes[4] = {0.25f, 0.5f, 0.25f, 0.5f};
  scores[3] = {kFill, 3, kFill};
  scores[4] = {kFill, 2, 0};
  CheckFinds(
      ModelMaker(64, 64)
          .Output("logits", {1, 10, 3}, Flat(scores))
          .Output("boxes", {1, 10, 4}, Flat(boxes))
          .Make(),
      "detr", kGray.image,
      {Found("cup", 1, {16, 16, 48, 48}), Found("cup", 1 / (1 + std::exp(-2.0)), {16, 16, 48, 48})},
      Labelled({"cat", "cup"}));
}

TEST_CASE("YuNet: the root of two scores, by the names of its outputs", "[detect]") {
  ModelMaker maker(64, 64);
  for (const auto& [stride, cells] : std::map<int, std::size_t>{{8, 64}, {16, 16}, {32, 4}}) {
    Rows scores(cells, {0.0f});
    Rows boxes(cells, {0, 0, 0, 0});
    if (stride == 8) {
      scores[2 * 8 + 3] = {0.81f};
      boxes[2 * 8 + 3] = {0.5f, 0.5f, std::log(2.0f), 0};
    }
    const std::string suffix = "_" + std::to_string(stride);
    maker.Output("cls" + suffix, {1, Sides(cells), 1}, Flat(scores));
    maker.Output("obj" + suffix, {1, Sides(cells), 1}, std::vector<float>(cells, 1.0f));
    maker.Output("bbox" + suffix, {1, Sides(cells), 4}, Flat(boxes));
    maker.Output("kps" + suffix, {1, Sides(cells), 10}, std::vector<float>(cells * 10, 0.0f));
  }
  CheckFinds(maker.Make(), "yunet", kGray.image, {Found("face", 0.9, {40, 32, 72, 48})});
}

TEST_CASE("UltraFace: sides in shares of the picture", "[detect]") {
  const std::size_t count = 3 * 64 + 2 * 16 + 2 * 4 + 3 * 1;
  Rows boxes(count, {0, 0, 0, 0});
  Rows scores(count, {1, 0});
  boxes[50] = {0.25f, 0.25f, 0.5f, 0.75f};
  scores[50] = {0.1f, 0.9f};
  boxes[51] = {0.26f, 0.25f, 0.5f, 0.75f};
  scores[51] = {0.2f, 0.8f};
  DetectorOptions face;
  face.layout = "ultraface";  // so few rows could be DETR's as well
  CheckFinds(ModelMaker(64, 64)
                 .Output("scores", {1, Sides(count), 2}, Flat(scores))
                 .Output("boxes", {1, Sides(count), 4}, Flat(boxes))
                 .Make(),
             "ultraface", kGray.image, {Found("face", 0.9, {32, 16, 64, 48})}, face);
}

TEST_CASE("BlazeFace: pixels from a cell's middle, in one pair of outputs or two", "[detect]") {
  // 64x64: 8x8 cells of two anchors, 4x4 of six.
  Rows boxes(128 + 96, std::vector<float>(16, 0.0f));
  Rows scores(128 + 96, {kFill});
  const auto face = [](float x, float y, float width, float height) {
    std::vector<float> row(16, 0.0f);
    row[0] = x, row[1] = y, row[2] = width, row[3] = height;
    return row;
  };
  boxes[(4 * 8 + 3) * 2 + 1] = face(0, 0, 16, 8);  // from 28, 36
  scores[(4 * 8 + 3) * 2 + 1] = {2};
  boxes[128 + (2 * 4 + 3) * 6] = face(-4, -2, 8, 8);  // from 56, 40
  scores[128 + (2 * 4 + 3) * 6] = {1};
  const std::vector<frame::Detection> expected = {
      Found("face", 1 / (1 + std::exp(-2.0)), {40, 32, 72, 48}),
      Found("face", 1 / (1 + std::exp(-1.0)), {96, 36, 112, 52})};
  CheckFinds(ModelMaker(64, 64, true)
                 .Output("boxes", {1, 224, 16}, Flat(boxes))
                 .Output("scores", {1, 224, 1}, Flat(scores))
                 .Make(),
             "blazeface", kGray.image, expected);
  const auto part = [](const Rows& rows, std::ptrdiff_t from, std::ptrdiff_t to) {
    return Flat({rows.begin() + from, rows.begin() + to});
  };
  CheckFinds(ModelMaker(64, 64, true)
                 .Output("fine_scores", {1, 128, 1}, part(scores, 0, 128))
                 .Output("coarse_scores", {1, 96, 1}, part(scores, 128, 224))
                 .Output("fine_boxes", {1, 128, 16}, part(boxes, 0, 128))
                 .Output("coarse_boxes", {1, 96, 16}, part(boxes, 128, 224))
                 .Make(),
             "blazeface", kGray.image, expected);
}

TEST_CASE("a network sees the channels in its order, at its scale", "[detect]") {
  // The score of the class "cup" is the mean of the network's first channel, at YOLOv8's scale.
  Rows rows(6, std::vector<float>(84, 0.0f));
  rows[0][0] = rows[1][0] = 32;
  rows[2][0] = rows[3][0] = 16;
  std::vector<std::array<float, 3>> slopes(6 * 84, {0, 0, 0});
  slopes[5 * 84] = {1, 0, 0};
  const std::string rgb = ModelMaker(64, 64).Output("out", {1, 6, 84}, Flat(rows), slopes).Make();
  const OneColour orange(64, 64, {0, 102, 204});
  CheckFinds(rgb, "yolov8", orange.image, {Found("cup", 0.8, {24, 24, 40, 40})},
             Labelled({"cat", "cup"}));
  // YOLOX sees blue first, 0..255.
  Rows cells(84, {0, 0, 0, 0, 0, 0, 0});
  cells[0] = {0.5f, 0.5f, 0, 0, 0.9f, 0, 0};
  std::vector<std::array<float, 3>> blue(84 * 7, {0, 0, 0});
  blue[6] = {0.004f, 0, 0};
  const OneColour sky(64, 64, {200, 100, 50});
  CheckFinds(ModelMaker(64, 64).Output("out", {1, 84, 7}, Flat(cells), blue).Make(), "yolox",
             sky.image, {Found("cup", 0.72, {0, 0, 8, 8})}, Labelled({"cat", "cup"}));
}

TEST_CASE("outputs that fit two layouts are decided by the labels, or not at all", "[detect]") {
  const NetworkFacts facts{64, 64, {{"out", {1, 84, 85}}}};
  const auto as_coco = MakeLayout("auto", facts, {80});
  REQUIRE(as_coco);
  CHECK(as_coco->name == "yolox");
  const auto as_nanodet = MakeLayout("auto", facts, {53});
  REQUIRE(as_nanodet);
  CHECK(as_nanodet->name == "nanodet");
  const auto neither = MakeLayout("auto", facts, {7});
  REQUIRE_FALSE(neither);
  CHECK(neither.error().message.find("fit several layouts (yolox, nanodet)") != std::string::npos);
  const auto other = MakeLayout("yolov8", facts, {80});
  REQUIRE_FALSE(other);
  CHECK(other.error().message.find("not those of the layout yolov8") != std::string::npos);
  CHECK(other.error().message.find("1x84x85 for an input of 64x64") != std::string::npos);
  REQUIRE_FALSE(MakeLayout("auto", {64, 64, {{"out", {1, 9, 9}}}}, {80}));
}

TEST_CASE("of two outputs of four columns the names say which holds the boxes", "[detect]") {
  // DETR with three classes.
  Rows boxes(10, {0.5f, 0.5f, 0.1f, 0.1f});
  Rows scores(10, {kFill, kFill, kFill, 5});
  boxes[3] = {0.25f, 0.5f, 0.25f, 0.5f};
  scores[3] = {kFill, 3, kFill, -20};
  const std::vector<frame::Detection> expected = {Found("cup", 1, {16, 16, 48, 48})};
  const auto labels = Labelled({"cat", "cup", "dog"});
  const auto model = [&](const std::string& first, bool boxes_first, const std::string& second) {
    return ModelMaker(64, 64)
        .Output(first, {1, 10, 4}, Flat(boxes_first ? boxes : scores))
        .Output(second, {1, 10, 4}, Flat(boxes_first ? scores : boxes))
        .Make();
  };
  CheckFinds(model("pred_logits", false, "pred_boxes"), "detr", kGray.image, expected, labels);
  CheckFinds(model("pred_boxes", true, "pred_logits"), "detr", kGray.image, expected, labels);
  CheckFinds(model("Conf", false, "out"), "detr", kGray.image, expected, labels);
  CheckFinds(model("loc", true, "out"), "detr", kGray.image, expected, labels);
  for (const std::string name : {"auto", "detr"}) {
    for (const auto& [first, second] :
         {std::pair("a", "b"), std::pair("box_1", "box_2"), std::pair("box_scores", "out")}) {
      const auto made =
          MakeLayout(name, {64, 64, {{first, {1, 10, 4}}, {second, {1, 10, 4}}}}, {3});
      REQUIRE_FALSE(made);
      CHECK(made.error().message.find("name the former \"boxes\" and the latter \"scores\"") !=
            std::string::npos);
    }
  }
  const auto other = MakeLayout("yolox", {64, 64, {{"a", {1, 10, 4}}, {"b", {1, 10, 4}}}}, {3});
  REQUIRE_FALSE(other);
  CHECK(other.error().message.find("not those of the layout yolox") != std::string::npos);
}

TEST_CASE("SSD with three classes and its scores first", "[detect]") {
  const std::size_t count = 16 * 3 + 4 * 6 + 4 * 6;
  const Rows boxes(count, {0, 0, 0, 0});
  Rows scores(count, {0, kFill, kFill, kFill});
  scores[48 + 1 * 6 + 5] = {0, kFill, 1, kFill};
  const double side = 64 * std::sqrt(0.35 * 0.5);
  const auto at = [](double from) { return static_cast<int>(std::lround(from)); };
  CheckFinds(ModelMaker(64, 64)
                 .Output("scores", {1, Sides(count), 4}, Flat(scores))
                 .Output("boxes", {1, Sides(count), 4}, Flat(boxes))
                 .Make(),
             "ssd", kGray.image,
             {Found("cup", 1 / (1 + std::exp(-1.0)),
                    {at(2 * (48 - side / 2)), at(16 - side / 2), at(2 * (48 + side / 2)),
                     at(16 + side / 2)})},
             Labelled({"cat", "cup", "dog"}, "ssd"));
}

TEST_CASE("a layout with other classes than labels is refused, and the right one named",
          "[detect]") {
  const auto said = [](const base::Result<ChosenLayout>& made) {
    return made ? "made " + std::string(made->name) : made.error().message;
  };
  const NetworkFacts coco{64, 64, {{"out", {1, 84, 85}}}};
  CHECK(said(MakeLayout("nanodet", coco, {80, false})) ==
        "by the layout nanodet its outputs, 1x84x85 for an input of 64x64, have 53 classes, and "
        "there are 80 labels; the layout yolox has as many as labels");
  CHECK(said(MakeLayout("yolov8", coco, {80})).ends_with("; the layout yolox has them"));
  CHECK(said(MakeLayout("nanodet", coco, {53})) == "made nanodet");
  const NetworkFacts two{64, 64, {{"out", {1, 6, 84}}}};
  CHECK(said(MakeLayout("auto", two, {2})) == "made yolov8");
  CHECK(said(MakeLayout("auto", two, {80, false})) ==
        "by the layout yolov8 its outputs, 1x6x84 for an input of 64x64, have 2 classes, and there "
        "are 80 labels; name each class in its labels");
  const NetworkFacts detr{640, 640, {{"logits", {1, 100, 92}}, {"boxes", {1, 100, 4}}}};
  CHECK(said(MakeLayout("auto", detr, {80})) == "made detr");
  CHECK_FALSE(MakeLayout("auto", detr, {81}));
  const NetworkFacts face{64, 64, {{"boxes", {1, 224, 16}}, {"scores", {1, 224, 1}}}};
  CHECK(said(MakeLayout("auto", face, {80, false})) == "made blazeface");
  CHECK(said(MakeLayout("auto", face, {1})) == "made blazeface");
  CHECK_FALSE(MakeLayout("auto", face, {2}));
}

TEST_CASE("DETR numbers COCO's classes with gaps", "[detect]") {
  const auto labels = LoadLabels({});
  REQUIRE(labels);
  CHECK(ClassName(*labels, 91, 1) == "person");
  CHECK(ClassName(*labels, 91, 13) == "stop sign");
  CHECK(ClassName(*labels, 91, 90) == "toothbrush");
  CHECK(ClassName(*labels, 91, 12) == "class_12");
  CHECK(ClassName(*labels, 80, 0) == "person");
  CHECK(ClassName({"cat"}, 2, 1) == "class_1");
}

}  // namespace
}  // namespace sampleproc::detect

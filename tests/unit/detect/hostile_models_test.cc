// Models that are damaged, absurd or lie: refused with a reason, on each runtime, and no crash.
#include <catch2/catch.hpp>
#include <limits>
#include <random>

#include "unit/detect/model_maker.h"
#include "unit/detect/runtimes.h"

namespace sampleproc::detect {
namespace {

ModelMaker Sound() {
  return ModelMaker(64, 64).Output("out", {1, 84, 7}, std::vector<float>(84 * 7, 0.25f));
}

DetectorOptions OnRuntime(RuntimeChoice runtime) {
  DetectorOptions options;
  options.labels = {"cat", "cup"};
  options.runtime = runtime;
  return options;
}

void CheckRefused(const std::string& model, const std::string& reason) {
  for (const RuntimeChoice runtime : Runtimes()) {
    resources::MemoryBudget budget{std::size_t{1} << 30};
    const auto opened = OpenModel(model, OnRuntime(runtime), budget);
    REQUIRE_FALSE(opened);
    INFO(opened.error().message);
    CHECK(opened.error().code == base::ErrorCode::kConfig);
    CHECK(opened.error().message.find("made.onnx ") != std::string::npos);
    CHECK(opened.error().message.find(reason) != std::string::npos);
    CHECK(budget.used() == 0);
  }
}

TEST_CASE("a model that is none, or half of one, is refused", "[detect]") {
  const std::string sound = Sound().Make();
  CheckRefused("", "is no ONNX file");
  CheckRefused("no model at all, only text", "is no ONNX file");
  CheckRefused(sound.substr(0, sound.size() / 2), "is no ONNX file, or a damaged one");
  for (std::size_t length = 0; length < sound.size(); length += 37) {
    REQUIRE_FALSE(ReadOnnxFile(base::AsBytes(std::string_view(sound).substr(0, length))));
  }
}

TEST_CASE("weights that lie of themselves are refused by name", "[detect]") {
  const std::string four = RawFloats({1, 2, 3, 4});
  CheckRefused(Sound().Initializer(ModelMaker::Tensor("short", {2, 3}, four)).Make(),
               "the weight short, which is not as long as its shape says");
  CheckRefused(Sound().Initializer(ModelMaker::Tensor("huge", {1 << 20, 1 << 20}, four)).Make(),
               "the weight huge of an absurd shape");
  CheckRefused(Sound().Initializer(ModelMaker::Tensor("negative", {-4}, four)).Make(),
               "the weight negative of an absurd shape");
  Message elsewhere = ModelMaker::Tensor("elsewhere", {1}, "");
  elsewhere.Child(13, Message().Text(1, "location").Text(2, "/etc/passwd")).Number(14, 1);
  CheckRefused(Sound().Initializer(elsewhere).Make(), "the weight elsewhere in another file");
}

TEST_CASE("absurd layers and inputs are refused by name", "[detect]") {
  CheckRefused(
      Sound().Layer("MaxPool", {ModelMaker::Ints("kernel_shape", {1 << 30, 1 << 30})}).Make(),
      "an absurd kernel_shape in the layer MaxPool layer_unused");
  CheckRefused(Sound().Layer("MaxPool", {ModelMaker::Ints("strides", {0, 0})}).Make(),
               "an absurd strides in the layer MaxPool layer_unused");
  CheckRefused(Sound().Input({1, 3, -1, 64}).Make(), "whose shape is not fixed");
  CheckRefused(Sound().Input({1, 3, 100'000, 100'000}).Make(), "its sides must be 16 to 4096");
  CheckRefused(Sound().Input({8, 3, 64, 64}).Make(), "takes floats of 1x3xHEIGHTxWIDTH");
  CheckRefused(Sound().Input({1, 4, 64, 64}).Make(), "takes floats of 1x3xHEIGHTxWIDTH");
}

TEST_CASE("functions and other formats, which no library should see, are refused", "[detect]") {
  CheckRefused(Sound().Function("again").Make(), "has functions of its own");
  std::string own = Sound().Make();
  own.replace(4, 4, "ORTM");
  CheckRefused(own, "is in ONNX Runtime's own format");
}

TEST_CASE("what ONNX Runtime takes for a run is bounded", "[detect]") {
  if (!HasOnnxRuntime()) {
    WARN("ONNX Runtime is not here, so this is not tested");
    return;
  }
  // Each layer makes twice as much as the one before.
  ModelMaker maker = Sound();
  std::string last = "means";
  for (int i = 0; i < 30; ++i) last = maker.Doubled(last);
  const std::string model = maker.OutputOf(last).Make();
  resources::MemoryBudget budget{std::size_t{256} << 20};
  const auto opened = OpenModel(model, OnRuntime(RuntimeChoice::kOnnxRuntime), budget);
  REQUIRE_FALSE(opened);
  INFO(opened.error().message);
  CHECK(opened.error().message.find("cannot be run") != std::string::npos);
  CHECK(budget.used() == 0);
}

TEST_CASE("what a small file would make large is refused before it is made", "[detect]") {
  const auto made = [](const std::string& op, const std::vector<std::int64_t>& sizes) {
    return Sound().Constant("sizes", sizes).Made(op, {"means", "sizes"}).Make();
  };
  CheckRefused(made("Expand", {1, 1, 25'000, 25'000}), "an absurd size in the layer Expand");
  CheckRefused(made("Tile", {1, 1, 1 << 20, 1 << 20}), "an absurd size in the layer Tile");
  CheckRefused(made("Tile", {std::numeric_limits<std::int64_t>::max(), 8}),
               "an absurd size in the layer Tile");
  CheckRefused(made("Pad", {0, 0, 0, 0, 0, 0, 1 << 20, 1 << 20}),
               "an absurd size in the layer Pad");
  CheckRefused(
      Sound().Constant("sizes", {1 << 15, 1 << 15}).Made("ConstantOfShape", {"sizes"}).Make(),
      "an absurd size in the layer ConstantOfShape");
  // As large as detectors' grids and masks are.
  REQUIRE(ReadOnnxFile(base::AsBytes(std::string_view(made("Expand", {1, 80, 640, 1})))));
}

TEST_CASE("what OpenCV would compute while it opens a model is bounded in all", "[detect]") {
  // Each layer is plausible; together they take gigabytes.
  ModelMaker maker = Sound();
  maker.Constant("sizes", {1, 1, 4000, 4000});
  for (int i = 0; i < 40; ++i) maker.Made("Expand", {"means", "sizes"});
  resources::MemoryBudget budget{std::size_t{1} << 30};
  const auto opened = OpenModel(maker.Make(), OnRuntime(RuntimeChoice::kOpencv), budget);
  REQUIRE_FALSE(opened);
  INFO(opened.error().message);
  CHECK(opened.error().message.find("takes more memory or work than a detector may") !=
        std::string::npos);
}

TEST_CASE("a network that gives no numbers is refused, at a frame the frame fails", "[detect]") {
  std::vector<float> values(84 * 7, 0.25f);
  values[100] = std::numeric_limits<float>::quiet_NaN();
  CheckRefused(ModelMaker(64, 64).Output("out", {1, 84, 7}, values).Make(),
               "gives values that are no numbers");
  // Numbers for the gray of the first run (0.5), none for white: 255e38.
  std::vector<std::array<float, 3>> slopes(84 * 7, {0, 0, 0});
  slopes[3] = {1e38f, 0, 0};
  const std::string late =
      ModelMaker(64, 64).Output("out", {1, 84, 7}, std::vector<float>(84 * 7, 0.0f), slopes).Make();
  const base::ByteBuffer white(64 * 64 * 3, 255);
  for (const RuntimeChoice runtime : Runtimes()) {
    resources::MemoryBudget budget{std::size_t{1} << 30};
    auto detector = OpenModel(late, OnRuntime(runtime), budget);
    if (!detector) FAIL(detector.error().message);
    Detector::Scratch scratch;
    const auto found = (*detector)->Find({white.data(), 64, 64, 64 * 3, frame::PixelFormat::kBgr24},
                                         {0.5, 0.45, {}}, {}, scratch);
    REQUIRE_FALSE(found);
    CHECK(found.error().code == base::ErrorCode::kInternal);
    CHECK(found.error().message ==
          "the network of detector.objects gave values that are no numbers");
  }
}

TEST_CASE("the file must be the one that is pinned, and fit the memory", "[detect]") {
  resources::MemoryBudget budget{std::size_t{1} << 30};
  DetectorOptions options = OnRuntime(RuntimeChoice::kOpencv);
  options.sha256 = std::string(64, '0');
  const auto other = OpenModel(Sound().Make(), options, budget);
  REQUIRE_FALSE(other);
  CHECK(other.error().message.find("is not the file that detector.objects.sha256 names") !=
        std::string::npos);
  resources::MemoryBudget small{100};
  const auto large = OpenModel(Sound().Make(), OnRuntime(RuntimeChoice::kOpencv), small);
  REQUIRE_FALSE(large);
  CHECK(large.error().message.find("does not fit") != std::string::npos);
  CHECK(large.error().message.find("raise resources.memory_limit") != std::string::npos);
}

TEST_CASE("bytes flipped at a thousand places crash nothing", "[detect]") {
  // Enough layers that most places are structure, not weights.
  ModelMaker maker(32, 32);
  for (int i = 0; i < 4; ++i) {
    maker.Output("out" + std::to_string(i), {1, 21, 7}, std::vector<float>(21 * 7, 0.25f));
  }
  const std::string sound = Sound().Make();
  const std::string other = maker.Make();
  std::mt19937 random(19);
  int opened = 0;
  int refused = 0;
  for (const RuntimeChoice runtime : Runtimes()) {
    for (int i = 0; i < 1000; ++i) {
      std::string model = i % 2 == 0 ? sound : other;
      model[random() % model.size()] ^= static_cast<char>(1u << (random() % 8));
      resources::MemoryBudget budget{std::size_t{1} << 30};
      const auto result = OpenModel(model, OnRuntime(runtime), budget);
      if (result) {
        ++opened;
      } else {
        ++refused;
        REQUIRE((result.error().code == base::ErrorCode::kConfig ||
                 result.error().code == base::ErrorCode::kOverloaded));
      }
    }
  }
  CHECK(opened > 0);
  CHECK(refused > 0);
}

}  // namespace
}  // namespace sampleproc::detect

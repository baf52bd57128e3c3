// The step of a neural detector: when it looks, where, and what it leaves out.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "process/pipeline.h"
#include "process/steps/steps.h"
#include "unit/detect/model_maker.h"
#include "unit/detect/runtimes.h"
#include "unit/process/step_bench.h"

namespace sampleproc::process {
namespace {

using detect::When;

// Finds a cup of 0.9 at 0,0 to 8,8 and one of 0.6 at 32,32 to 40,40, whatever it sees.
std::string TwoCups() {
  std::vector<float> values(84 * 7, 0.0f);
  const std::vector<float> sure = {0.5f, 0.5f, 0, 0, 0.9f, 0, 1.0f};
  const std::vector<float> unsure = {0.5f, 0.5f, 0, 0, 0.6f, 0, 1.0f};
  std::ranges::copy(sure, values.begin());
  std::ranges::copy(unsure, values.begin() + std::ptrdiff_t{7} * (4 * 8 + 4));
  return detect::ModelMaker(64, 64).Output("out", {1, 84, 7}, values).Make();
}

// A cup at 0,0 to 32,32, whatever it sees.
std::string OneLargeCup() {
  std::vector<float> values(84 * 7, 0.0f);
  const std::vector<float> cup = {2, 2, std::log(4.0f), std::log(4.0f), 0.9f, 0, 1.0f};
  std::ranges::copy(cup, values.begin());
  return detect::ModelMaker(64, 64).Output("out", {1, 84, 7}, values).Make();
}

const base::ByteBuffer kBlack(64 * 64 * 3, 0);
const frame::Image kColour{kBlack.data(), 64, 64, 64 * 3, frame::PixelFormat::kBgr24};
const frame::Image kLuma{kBlack.data(), 64, 64, 64, frame::PixelFormat::kGray8};

class Cups {
 public:
  explicit Cups(When when, double threshold = 0, const std::string& model = TwoCups())
      : file_(model) {
    options_.detectors = {{.name = "cups",
                           .model = file_.path(),
                           .labels = {"cat", "cup"},
                           .threshold = threshold,
                           .when = when,
                           .runtime = detect::RuntimeChoice::kOpencv}};
    options_.pipeline = {"cups"};
    options_.models = detect::TestPlaces();
    auto opened = Detectors::Open(options_, {options_.pipeline}, budget_);
    if (!opened) FAIL(opened.error().message);
    detectors_ = *opened;
    auto step = MakeDetectStep(options_, detectors_->Find("cups"));
    REQUIRE(step);
    bench_.emplace(std::move(*step));
    bench_->frame.camera_id = "door";
  }

  // What it finds after a motion step that skipped the frame for `reason` ("" when it looked) and
  // saw something move at `moved`.
  Outcome Run(const std::string& reason, const std::vector<frame::Bbox>& moved,
              const frame::Image& luma = kLuma, const frame::Image& colour = kColour) {
    frame::FrameResult before;
    before.steps.push_back({"motion", reason, {}});
    for (const frame::Bbox& box : moved) before.detections.push_back({"motion", 0.9, box, "mog2"});
    bench_->moved_lately = moved;
    Outcome outcome = bench_->Run(luma, colour, before);
    if (!outcome.status) FAIL(outcome.status.error().message);
    std::erase_if(outcome.result.detections, [](const auto& d) { return d.detector == "mog2"; });
    return outcome;
  }

  // What a pipeline of the detector alone reports, and what it finds beside that.
  frame::FrameResult RunPipeline(std::vector<Candidate>& candidates) {
    StepSet steps(options_, detectors_);
    auto pipeline = Pipeline::Make(options_.pipeline, steps);
    REQUIRE(pipeline);
    Picture picture(kLuma, 64, 64, []() -> base::Result<frame::Image> { return kColour; });
    CameraTurns::Turn turn;
    frame::FrameResult result;
    result.width = result.height = 64;
    const frame::Mask mask(bench_->camera.mask);
    StepInput input{
        bench_->frame,         bench_->camera,    picture,        turn,
        bench_->cameras,       bench_->allowance, bench_->budget, std::chrono::milliseconds(0),
        &bench_->moved_lately, &candidates};
    input.mask = &mask;
    const auto done = pipeline->Run(input, result);
    if (!done) FAIL(done.error().message);
    return result;
  }

  StepBench& bench() { return *bench_; }
  frame::CameraSettings& camera() { return bench_->camera; }

 private:
  detect::ModelFile file_;
  Options options_;
  resources::MemoryBudget budget_{std::size_t{1} << 30};
  std::shared_ptr<const Detectors> detectors_;
  std::optional<StepBench> bench_;
};

const frame::Bbox kAtTheSure{4, 4, 20, 20};

TEST_CASE("a detector looks where something moved, and at all of what nobody watches", "[detect]") {
  Cups cups({When::Kind::kMotion, {}});
  const Outcome still = cups.Run("", {});
  CHECK(still.report.skipped == "no_motion");
  CHECK(still.result.detections.empty());
  const Outcome moved = cups.Run("", {kAtTheSure});
  CHECK(moved.report.skipped.empty());
  REQUIRE(moved.result.detections.size() == 1);
  CHECK(moved.result.detections[0].class_name == "cup");
  CHECK(moved.result.detections[0].detector == "cups");
  CHECK(moved.result.detections[0].bbox == frame::Bbox{0, 0, 8, 8});
  for (const char* const unwatched : {"no_camera", "warming_up", "scene_changed"}) {
    CHECK(cups.Run(unwatched, {}).result.detections.size() == 2);
  }
  for (const char* const refused : {"max_cameras", "no_memory"}) {
    CHECK(cups.Run(refused, {}).report.skipped == refused);
  }
}

TEST_CASE("a detector looks closer at a part in which all moved, in the picture's pixels",
          "[detect]") {
  const base::ByteBuffer black(256 * 256 * 3, 0);
  const frame::Image colour{black.data(), 256, 256, 256 * 3, frame::PixelFormat::kBgr24};
  const frame::Image luma{black.data(), 256, 256, 256, frame::PixelFormat::kGray8};
  const frame::Bbox in_the_middle{100, 100, 140, 140};
  Cups cups({When::Kind::kMotion, {}});
  // The part is 56,56 to 184,184, and the input shows it at half its size.
  const Outcome part = cups.Run("", {in_the_middle}, luma, colour);
  REQUIRE(part.result.detections.size() == 1);
  CHECK(part.result.detections[0].bbox == frame::Bbox{120, 120, 136, 136});
  // What moved is too far apart: all of the picture, at a quarter.
  const Outcome all = cups.Run("", {in_the_middle, {250, 4, 254, 8}}, luma, colour);
  REQUIRE(all.result.detections.size() == 1);
  CHECK(all.result.detections[0].bbox == frame::Bbox{128, 128, 160, 160});
}

TEST_CASE("a detector looks at all of a picture when a part would cut something off", "[detect]") {
  const base::ByteBuffer black(256 * 256 * 3, 0);
  const frame::Image colour{black.data(), 256, 256, 256 * 3, frame::PixelFormat::kBgr24};
  const frame::Image luma{black.data(), 256, 256, 256, frame::PixelFormat::kGray8};
  Cups cups({When::Kind::kMotion, {}}, 0, OneLargeCup());
  const Outcome outcome = cups.Run("", {{100, 100, 140, 140}}, luma, colour);
  REQUIRE(outcome.result.detections.size() == 1);
  CHECK(outcome.result.detections[0].bbox == frame::Bbox{0, 0, 128, 128});
}

TEST_CASE("a detector that always looks does so without motion", "[detect]") {
  Cups cups({When::Kind::kAlways, {}});
  CHECK(cups.Run("", {}).result.detections.size() == 2);
  CHECK(cups.Run("", {kAtTheSure}).result.detections.size() == 2);
}

TEST_CASE("a detector that looks now and then looks once, and not again so soon", "[detect]") {
  Cups cups({When::Kind::kAtLeast, std::chrono::hours(24)});
  CHECK(cups.Run("", {}).result.detections.size() == 2);
  CHECK(cups.Run("", {}).report.skipped == "no_motion");
  CHECK(cups.Run("", {kAtTheSure}).result.detections.size() == 1);
}

TEST_CASE("a detector that looks now and then goes by the times of a camera's frames", "[detect]") {
  using std::chrono::seconds;
  Cups cups({When::Kind::kAtLeast, seconds(2)});
  const auto looks_at = [&cups](seconds taken) {
    cups.bench().taken = taken;
    return cups.Run("", {}).report.skipped.empty();
  };
  CHECK(looks_at(seconds(1000)));
  CHECK_FALSE(looks_at(seconds(1001)));
  CHECK(looks_at(seconds(1002)));
  CHECK_FALSE(looks_at(seconds(1003)));
  CHECK(looks_at(seconds(1005)));
  CHECK_FALSE(looks_at(seconds(1006)));
  // Another camera has times of its own, and a recording that begins anew is looked at.
  cups.bench().frame.camera_id = "yard";
  CHECK(looks_at(seconds(20)));
  CHECK_FALSE(looks_at(seconds(21)));
  cups.bench().cameras.Forget("yard");
  CHECK(looks_at(seconds(0)));
  CHECK_FALSE(looks_at(seconds(1)));
}

TEST_CASE("of frames that were looked at before a detector takes the times only", "[detect]") {
  Cups cups({When::Kind::kAtLeast, std::chrono::hours(24)});
  cups.bench().only_memory = true;
  CHECK(cups.Run("", {}).result.detections.empty());
  cups.bench().only_memory = false;
  CHECK(cups.Run("", {}).report.skipped == "no_motion");
}

TEST_CASE("a look at a camera that is still new counts as one", "[detect]") {
  Cups cups({When::Kind::kAtLeast, std::chrono::hours(24)});
  CHECK(cups.Run("warming_up", {}).result.detections.size() == 2);
  CHECK(cups.Run("warming_up", {}).result.detections.size() == 2);
  CHECK(cups.Run("", {}).report.skipped == "no_motion");
}

TEST_CASE("a detector's own threshold beats the process's", "[detect]") {
  Cups sure({When::Kind::kAlways, {}}, 0.7);
  CHECK(sure.Run("", {}).result.detections.size() == 1);
  Cups all({When::Kind::kAlways, {}}, 0.01);
  CHECK(all.Run("", {}).result.detections.size() == 2);
}

TEST_CASE("what a camera's mask covers is no hint to a later step either", "[detect]") {
  Cups cups({When::Kind::kAlways, {}});
  cups.camera().threshold = 0.8;
  cups.camera().own_threshold = true;
  const frame::Polygon lower_right = {{0.4, 0.4}, {1, 0.4}, {1, 1}, {0.4, 1}};
  for (const bool is_masked : {false, true}) {
    cups.camera().mask.clear();
    if (is_masked) cups.camera().mask.push_back(lower_right);
    std::vector<Candidate> candidates;
    const auto result = cups.RunPipeline(candidates);
    REQUIRE(result.detections.size() == 1);
    CHECK(result.detections[0].bbox == frame::Bbox{0, 0, 8, 8});
    REQUIRE(candidates.size() == (is_masked ? 0 : 1));
    if (is_masked) continue;
    CHECK(candidates[0].detection.bbox == frame::Bbox{32, 32, 40, 40});
    CHECK(candidates[0].is_weak);
  }
}

}  // namespace
}  // namespace sampleproc::process

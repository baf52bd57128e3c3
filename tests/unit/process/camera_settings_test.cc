// Cameras with settings of their own in one corridor.
#include <algorithm>
#include <catch2/catch.hpp>

#include "process/processor.h"
#include "support/fake_clock.h"
#include "support/samples.h"
#include "unit/codec/picture_maker.h"

namespace sampleproc::process {
namespace {

struct Corridor {
  explicit Corridor(const cameras::AllOptions& cameras)
      : directory(frame::CameraSettings{.pipeline = {"stats"}, .threshold = 0.5}, cameras) {
    options.pipeline = {"stats"};
    options.deadline = {};
    options.opencv_module = SAMPLEPROC_OPENCV_MODULE;
  }

  frame::FrameResult Process(const std::string& camera, const std::string& sample) {
    if (!processor) {
      auto made = Processor::Make(
          {options, codec, budget, clock, states, nullptr, nullptr, nullptr, &directory});
      REQUIRE(made);
      processor.emplace(std::move(*made));
    }
    frame::Frame frame;
    frame.frame_id = "1";
    frame.camera_id = camera;
    frame.storage = test::Sample(sample);
    frame.encoded = frame.storage;
    auto result = processor->Process(frame, {});
    if (!result) FAIL(result.error().message);
    return std::move(*result);
  }

  testing::FakeClock clock;
  Options options;
  codec::Options codec;
  resources::MemoryBudget budget{std::size_t{1} << 30};
  CameraStates states{64, budget};
  cameras::Directory directory;
  std::optional<Processor> processor;
};

std::vector<std::string> Names(const frame::FrameResult& result) {
  std::vector<std::string> names;
  for (const auto& step : result.steps) names.push_back(step.name);
  return names;
}

TEST_CASE("each camera's frames go through its own steps") {
  Corridor corridor(
      {{"faces", {.pipeline = {"faces"}}}, {"both", {.pipeline = {"faces", "stats"}}}});
  CHECK(Names(corridor.Process("faces", "basketball1.png")) == std::vector<std::string>{"faces"});
  CHECK(Names(corridor.Process("both", "basketball1.png")) ==
        std::vector<std::string>{"faces", "stats"});
  CHECK(Names(corridor.Process("other", "basketball1.png")) == std::vector<std::string>{"stats"});
  CHECK(corridor.processor->needs().luma_width == StepNeeds::kFullSize);
}

TEST_CASE("a threshold, classes and a mask are the camera's own") {
  const std::vector<std::string> faces = {"faces"};
  Corridor corridor({{"all", {.pipeline = faces}},
                     {"sure", {.pipeline = faces, .threshold = 0.999}},
                     {"cars", {.pipeline = faces, .classes = {"car"}}},
                     {"people", {.pipeline = faces, .classes = {"car", "face"}}}});
  const auto all = corridor.Process("all", "basketball1.png").detections;
  REQUIRE(all.size() == 1);
  CHECK(corridor.Process("sure", "basketball1.png").detections.empty());
  CHECK(corridor.Process("cars", "basketball1.png").detections.empty());
  CHECK(corridor.Process("people", "basketball1.png").detections == all);

  const auto picture = corridor.Process("all", "basketball1.png");
  const double x = (all[0].bbox.x1 + all[0].bbox.x2) / 2.0 / picture.width;
  corridor.directory.Replace(
      {{"all", {.pipeline = faces}},
       {"left", {.pipeline = faces, .mask = {{{0, 0}, {x + 0.01, 0}, {x + 0.01, 1}, {0, 1}}}}},
       {"right", {.pipeline = faces, .mask = {{{x + 0.01, 0}, {1, 0}, {1, 1}, {x + 0.01, 1}}}}}});
  CHECK(corridor.Process("left", "basketball1.png").detections.empty());
  CHECK(corridor.Process("right", "basketball1.png").detections == all);
  CHECK(corridor.Process("all", "basketball1.png").detections == all);
}

TEST_CASE("a frame that comes too soon for its camera is decoded only, and that is told") {
  Corridor corridor({{"slow", {.pipeline = {"faces", "stats"}, .fps = 1}}});
  CHECK(corridor.Process("slow", "basketball1.png").detections.size() == 1);
  const auto soon = corridor.Process("slow", "basketball1.png");
  CHECK(Names(soon) == std::vector<std::string>{"faces", "stats"});
  for (const auto& step : soon.steps) CHECK(step.skipped == "fps");
  CHECK(soon.detections.empty());
  CHECK(soon.width > 0);
  CHECK(corridor.Process("other", "basketball1.png").steps[0].skipped.empty());
  corridor.clock.Advance(std::chrono::seconds(1));
  CHECK(corridor.Process("slow", "basketball1.png").detections.size() == 1);
}

TEST_CASE("a pipeline that a reload brings is made when a frame asks for it") {
  Corridor corridor({});
  CHECK(Names(corridor.Process("door", "basketball1.png")) == std::vector<std::string>{"stats"});
  corridor.directory.Replace({{"door", {.pipeline = {"motion", "faces"}}}});
  CHECK(Names(corridor.Process("door", "basketball1.png")) ==
        std::vector<std::string>{"motion", "faces"});
}

}  // namespace
}  // namespace sampleproc::process

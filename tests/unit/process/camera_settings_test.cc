// Cameras with settings of their own in one corridor.
#include <algorithm>
#include <catch2/catch.hpp>

#include "process/processor.h"
#include "support/fake_clock.h"
#include "support/places.h"
#include "support/samples.h"
#include "unit/codec/picture_maker.h"

namespace sampleproc::process {
namespace {

constexpr int kSide = 160;

// A square of a photo with one face in it, gray: what a detector does under the sanitizers takes
// its time.
base::ByteBuffer Face() {
  constexpr int kLeft = 10;
  constexpr int kTop = 30;
  test::Door door;
  const auto photo = door.Decode(test::Sample("basketball1.png"));
  REQUIRE(photo);
  base::ByteBuffer square;
  for (int y = kTop; y < kTop + kSide; ++y) {
    const auto* const row = photo->image.Row(y) + kLeft;
    square.insert(square.end(), row, row + kSide);
  }
  return square;
}

struct Corridor {
  explicit Corridor(const cameras::AllOptions& cameras)
      : directory(frame::CameraSettings{.pipeline = {"stats"}, .threshold = 0.5}, cameras) {
    options.pipeline = {"stats"};
    options.deadline = {};
    options.opencv_module = testing::kOpencvModule;
  }

  frame::FrameResult Process(const std::string& camera, std::optional<std::string> timestamp = {}) {
    auto result = Try(camera, Face(), std::move(timestamp));
    if (!result) FAIL(result.error().message);
    return std::move(*result);
  }

  base::Result<frame::FrameResult> Try(const std::string& camera, base::ByteBuffer picture,
                                       std::optional<std::string> timestamp = {}) {
    if (!processor) {
      auto made = Processor::Make(
          {options, codec, budget, clock, states, nullptr, nullptr, nullptr, &directory, true});
      REQUIRE(made);
      processor.emplace(std::move(*made));
    }
    frame::Frame frame;
    frame.frame_id = "1";
    frame.camera_id = camera;
    frame.timestamp = std::move(timestamp);
    frame.storage = std::move(picture);
    frame.encoded = frame.storage;
    frame.raw = frame::RawDescription{frame::RawFormat::kGray8, kSide, kSide};
    return processor->Process(frame, {});
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
  CHECK(Names(corridor.Process("faces")) == std::vector<std::string>{"faces"});
  CHECK(Names(corridor.Process("both")) == std::vector<std::string>{"faces", "stats"});
  CHECK(Names(corridor.Process("other")) == std::vector<std::string>{"stats"});
  CHECK(corridor.processor->needs().luma_width == StepNeeds::kFullSize);
}

TEST_CASE("a threshold, classes and a mask are the camera's own") {
  const std::vector<std::string> faces = {"faces"};
  Corridor corridor({{"all", {.pipeline = faces}},
                     {"sure", {.pipeline = faces, .threshold = 0.999}},
                     {"cars", {.pipeline = faces, .classes = {"car"}}},
                     {"people", {.pipeline = faces, .classes = {"car", "face"}}}});
  const auto all = corridor.Process("all").detections;
  REQUIRE(all.size() == 1);
  CHECK(corridor.Process("sure").detections.empty());
  CHECK(corridor.Process("cars").detections.empty());
  CHECK(corridor.Process("people").detections == all);

  const auto picture = corridor.Process("all");
  const double x = (all[0].bbox.x1 + all[0].bbox.x2) / 2.0 / picture.width;
  corridor.directory.Replace(
      {{"all", {.pipeline = faces}},
       {"left", {.pipeline = faces, .mask = {{{0, 0}, {x + 0.01, 0}, {x + 0.01, 1}, {0, 1}}}}},
       {"right", {.pipeline = faces, .mask = {{{x + 0.01, 0}, {1, 0}, {1, 1}, {x + 0.01, 1}}}}}});
  CHECK(corridor.Process("left").detections.empty());
  CHECK(corridor.Process("right").detections == all);
  CHECK(corridor.Process("all").detections == all);
}

TEST_CASE("a frame that comes too soon for its camera is decoded only, and that is told") {
  Corridor corridor({{"slow", {.pipeline = {"faces", "stats"}, .fps = 1}}});
  CHECK(corridor.Process("slow").detections.size() == 1);
  const auto soon = corridor.Process("slow");
  CHECK(Names(soon) == std::vector<std::string>{"faces", "stats"});
  for (const auto& step : soon.steps) CHECK(step.skipped == "fps");
  CHECK(soon.detections.empty());
  CHECK(soon.width > 0);
  CHECK(corridor.Process("other").steps[0].skipped.empty());
  corridor.clock.Advance(std::chrono::seconds(1));
  CHECK(corridor.Process("slow").detections.size() == 1);
}

TEST_CASE("of frames that say when they were taken those times count, not when they come") {
  Corridor corridor({{"slow", {.pipeline = {"stats"}, .fps = 2}}});
  // A backlog: ten seconds' frames at once, of the hour that the clock has behind it.
  int looked_at = 0;
  for (int i = 0; i < 100; ++i) {
    const auto result = corridor.Process("slow", std::to_string(3'500 + i * 0.1));
    if (!frame::CameTooSoon(result)) ++looked_at;
  }
  CHECK(looked_at == 21);  // each but the first 0.2 s early
}

TEST_CASE("a frame that fails does not use up its camera's look") {
  Corridor corridor({{"slow", {.pipeline = {"stats"}, .fps = 1}}});
  base::ByteBuffer damaged = Face();
  damaged.resize(damaged.size() / 2);
  CHECK_FALSE(corridor.Try("slow", damaged));
  CHECK_FALSE(frame::CameTooSoon(corridor.Process("slow")));
  CHECK(frame::CameTooSoon(corridor.Process("slow")));
  CHECK_FALSE(corridor.Try("slow", damaged));  // it was not due
  CHECK(frame::CameTooSoon(corridor.Process("slow")));
}

TEST_CASE("a pipeline that a reload brings is made when a frame asks for it") {
  Corridor corridor({});
  CHECK(Names(corridor.Process("door")) == std::vector<std::string>{"stats"});
  corridor.directory.Replace({{"door", {.pipeline = {"motion", "faces"}}}});
  CHECK(Names(corridor.Process("door")) == std::vector<std::string>{"motion", "faces"});
}

}  // namespace
}  // namespace sampleproc::process

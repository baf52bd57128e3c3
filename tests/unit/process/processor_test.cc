#include "process/processor.h"

#include "support/places.h"
#include "support/samples.h"
#include "unit/codec/picture_maker.h"

namespace sampleproc::process {
namespace {

using base::ErrorCode;

struct Corridor {
  explicit Corridor(std::vector<std::string> pipeline) {
    options.pipeline = std::move(pipeline);
    options.deadline = {};  // a sanitizer on a busy machine takes its time over faces
  }

  base::Result<Processor> Make() {
    return Processor::Make({options, codec, budget, base::SystemClock(), cameras});
  }

  Options options;
  codec::Options codec;
  resources::MemoryBudget budget{std::size_t{1} << 30};
  CameraStates cameras{64, budget};
};

TEST_CASE("a frame that a door has decoded itself gives what its bytes give") {
  Corridor corridor({"stats", "faces"});
  auto processor = corridor.Make();
  REQUIRE(processor);
  frame::Frame frame;
  frame.frame_id = "1";
  frame.camera_id = "door";
  frame.storage = test::Sample("basketball1.png");
  frame.encoded = frame.storage;
  const auto from_bytes = processor->Process(frame, {});
  REQUIRE(from_bytes);

  test::Door door;
  const auto decoded = door.Decode(frame.encoded);
  REQUIRE(decoded);
  frame.encoded = {};
  const auto from_pixels =
      processor->Process(frame, {.luma = decoded->image, .bgr = {}, .format = "video"}, {});
  REQUIRE(from_pixels);
  CHECK(from_pixels->format == "video");
  CHECK(from_pixels->width == from_bytes->width);
  CHECK(from_pixels->height == from_bytes->height);
  CHECK(from_pixels->camera_id == "door");
  CHECK(from_pixels->stats == from_bytes->stats);
  CHECK(from_pixels->detections == from_bytes->detections);
  CHECK(from_pixels->detections.size() == 1);
}

TEST_CASE("with a step that may ask for colours a picture too large in them fails at once") {
  frame::Frame frame;
  frame.frame_id = "1";
  frame.storage = test::MakeJpeg({.width = 63, .height = 63});  // too small for people to be in it
  frame.encoded = frame.storage;
  Corridor gray({"stats"});
  Corridor colour({"stats", "people"});
  colour.options.opencv_module = testing::kOpencvModule;
  for (Corridor* corridor : {&gray, &colour}) {
    auto processor = corridor->Make();
    REQUIRE(processor);
    CHECK(processor->Process(frame, {}));
    corridor->codec.max_frame_bytes = std::size_t{63} * 63 * 3 - 1;
    const auto limited = processor->Process(frame, {});
    CHECK(limited.has_value() == (corridor == &gray));
    if (limited) continue;
    CHECK(limited.error().code == ErrorCode::kInvalidFrame);
    CHECK(limited.error().message.find("63x63 pixels in 3 channels, 11907 bytes") !=
          std::string::npos);
  }
}

TEST_CASE("a frame that never fits beside its own bytes is its sender's fault, at once") {
  frame::Frame frame;
  frame.frame_id.assign(1, 'f');
  frame.storage.resize(100 * 100);
  frame.encoded = frame.storage;
  frame.raw = frame::RawDescription{frame::RawFormat::kGray8, 100, 100};
  Options options;
  options.pipeline = {"stats"};
  options.budget_patience = std::chrono::hours(1);
  const codec::Options codec;
  for (const std::size_t capacity : {15'000U, 30'000U}) {
    resources::MemoryBudget budget(capacity);
    const auto body = budget.TryReserve(frame.storage.size(), "the body");
    REQUIRE(body);
    CameraStates cameras(1, budget);
    auto processor = Processor::Make({options, codec, budget, base::SystemClock(), cameras});
    REQUIRE(processor);
    const auto result = processor->Process(frame, {});
    CHECK(result.has_value() == (capacity == 30'000));
    if (!result) CHECK(result.error().code == ErrorCode::kInvalidFrame);
    CHECK(budget.used() == body->bytes());
  }
}

TEST_CASE("what a step needs for a picture of this size is asked by the header") {
  frame::Frame frame;
  frame.frame_id.assign(1, 'f');
  frame.storage.resize(200 * 200);
  frame.encoded = frame.storage;
  frame.raw = frame::RawDescription{frame::RawFormat::kGray8, 200, 200};
  Corridor corridor({"faces"});
  resources::MemoryBudget budget(200 * 200 * 2 - 1);
  auto processor = Processor::Make(
      {corridor.options, corridor.codec, budget, base::SystemClock(), corridor.cameras});
  REQUIRE(processor);
  const auto result = processor->Process(frame, {});
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::kInvalidFrame);
  CHECK(result.error().message.find("working on this frame") != std::string::npos);
}

TEST_CASE("a decoded frame is annotated without being changed") {
  Corridor corridor({"stats"});
  auto processor = corridor.Make();
  REQUIRE(processor);
  const test::Bytes pixels = test::TestPixels(64, 48, 3);
  const frame::Image bgr{pixels.data(), 63, 48, 192, frame::PixelFormat::kBgr24};
  frame::FrameResult result;
  result.detections.push_back({"person", 0.9, {5, 20, 30, 40}, "opencv-hog"});
  const auto jpeg = processor->Annotate(bgr, result, {});
  REQUIRE(jpeg);
  CHECK(pixels == test::TestPixels(64, 48, 3));
  test::Door door;
  const auto decoded = door.Decode(*jpeg);
  REQUIRE(decoded);
  CHECK(decoded->image.width == 63);
  CHECK(decoded->image.height == 48);
  CHECK(corridor.budget.used() == 0);
}

TEST_CASE("a turn is over with its frame, and before that where no step needs the order") {
  Corridor corridor({"stats"});
  auto processor = corridor.Make();
  REQUIRE(processor);
  CHECK_FALSE(processor->needs().camera_order);
  CHECK_FALSE(processor->needs().colour);
  CameraTurns turns;
  frame::Frame frame;
  frame.camera_id = "door";
  frame.storage = base::ByteBuffer(10, 1);
  frame.encoded = frame.storage;
  CHECK_FALSE(processor->Process(frame, {}, turns.Begin()));
  CHECK(turns.open() == 0);
}

TEST_CASE("a pipeline that names a step twice or one that is not there cannot be made") {
  for (const auto& steps :
       {std::vector<std::string>{"stats", "stats"}, std::vector<std::string>{"dreams"}}) {
    const auto made = Corridor(steps).Make();
    REQUIRE_FALSE(made);
    CHECK(made.error().code == ErrorCode::kConfig);
  }
}

}  // namespace
}  // namespace sampleproc::process

#include "files/frame_worker.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "support/fake_clock.h"
#include "support/places.h"

namespace sampleproc::files {
namespace {

constexpr int kWidth = 160;
constexpr int kHeight = 120;

// A gray picture, and on it a bright square with its left side there; none when that is negative.
RawPixels Scene(int left) {
  RawPixels pixels;
  pixels.description = {frame::RawFormat::kGray8, kWidth, kHeight};
  pixels.bytes.resize(static_cast<std::size_t>(kWidth) * kHeight);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const bool in_square = left >= 0 && y >= 50 && y < 80 && x >= left && x < left + 30;
      pixels.bytes[static_cast<std::size_t>(y * kWidth + x)] =
          static_cast<std::uint8_t>(in_square ? 220 : 60 + y * 7 % 5);
    }
  }
  return pixels;
}

TEST_CASE("events that were told with a frame are not lost when it fails after that") {
  testing::FakeClock clock;
  process::Options options;
  options.pipeline = {"motion", "track", "stats"};
  options.track.classes = {"motion"};
  options.track.lost_after = std::chrono::seconds(1);
  options.deadline = std::chrono::seconds(10);
  options.opencv_module = testing::kOpencvModule;
  const codec::Options codec;
  const frame::Options frame;
  resources::MemoryBudget budget(std::size_t{1} << 28);
  process::CameraStates cameras(64, budget);
  auto told = std::make_unique<ToldEvents>();
  // Every frame with an event is late before its next step.
  const process::TakeEvents take = [&, own = told.get()](std::span<const frame::Event> events) {
    own->take(events);
    clock.Advance(std::chrono::seconds(11));
  };
  process::ProcessorContext context{options, codec, budget, clock, cameras};
  context.take_events = &take;
  auto processor = process::Processor::Make(context);
  REQUIRE(processor);
  context.only_memory = true;
  auto replay = process::Processor::Make(context);
  REQUIRE(replay);
  FrameWorker worker({codec, frame, budget, std::chrono::seconds(1)}, std::move(told),
                     std::move(*processor), std::move(*replay));

  std::vector<frame::Event::Type> types;
  std::size_t failed = 0;
  for (int i = 0; i < 75; ++i) {
    Task task;
    task.source = {"a.raw", static_cast<std::uint64_t>(i)};
    task.frame_id = "a.raw#" + std::to_string(i);
    task.camera_id = "a.raw";
    task.payload = Scene(i < 20 || i >= 53 ? -1 : 4 * (i - 20));
    const auto result = worker.Work(task);
    if (result) {
      CHECK(result->events.empty());
      CHECK(task.told.empty());
      continue;
    }
    ++failed;
    CHECK(result.error().code == base::ErrorCode::kDeadline);
    for (const frame::Event& event : task.told) types.push_back(event.type);
  }
  CHECK(failed >= 2);
  CHECK(std::ranges::count(types, frame::Event::Type::kNew) == 1);
  CHECK(std::ranges::count(types, frame::Event::Type::kEnd) == 1);
}

}  // namespace
}  // namespace sampleproc::files

// The step `track` and what a camera has of its own: zones and lines, threshold, classes.
#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <optional>
#include <tuple>
#include <utility>

#include "process/steps/steps.h"
#include "unit/process/step_bench.h"

namespace sampleproc::process {
namespace {

using frame::Event;

constexpr int kWidth = 640;
constexpr int kHeight = 360;

// A detector's findings of one thing that goes from left to right, frame by frame.
class Street {
 public:
  Street() : bench_(MakeStep()) { bench_.camera.pipeline = {"objects", "track"}; }

  frame::CameraSettings& camera() { return bench_.camera; }
  StepBench& bench() { return bench_; }

  // The next `count` frames of this camera, 200 ms apart as they have no time; its thing goes on by
  // 20 pixels in each.
  void Run(const std::string& camera_id, int count, const std::string& class_name = "person",
           double confidence = 0.9) {
    for (int i = 0; i < count; ++i) {
      const int x = 20 * frame_++;
      frame::FrameResult before;
      before.frame_id = camera_id + std::to_string(frame_);
      before.camera_id = camera_id;
      before.width = luma_.width;
      before.height = luma_.height;
      before.steps.push_back({"objects", "", {}});
      before.detections.push_back({class_name, confidence, {x, 200, x + 40, 300}, "objects"});
      bench_.frame.camera_id = camera_id;
      if (interval_.count() > 0) bench_.taken = frame_ * interval_;
      if (say_) std::tie(bench_.taken, bench_.came) = say_(frame_);
      Outcome outcome = bench_.Run(luma_, {}, std::move(before));
      if (!outcome.status) FAIL(outcome.status.error().message);
      CHECK(outcome.report.skipped.empty());
      last_ = std::move(outcome.result);
      std::ranges::move(last_.events, std::back_inserter(events_));
    }
  }

  // The camera's thing begins at the left once more, as another one.
  void BeginAnew() { frame_ = 0; }

  // Frames say from now on that they were taken so far apart, from the thing's beginning.
  void SetInterval(std::chrono::milliseconds interval) { interval_ = interval; }

  // What frames say of when they were taken, by their number, and when they come.
  using Times =
      std::pair<std::optional<std::chrono::microseconds>, std::optional<std::chrono::microseconds>>;
  void SetTimes(std::function<Times(int frame)> say) { say_ = std::move(say); }

  // Pictures are of half the height from now on.
  void Shrink() { luma_.height = kHeight / 2; }

  const std::vector<Event>& events() const { return events_; }
  const frame::FrameResult& last() const { return last_; }

  std::size_t Count(Event::Type type) const {
    return static_cast<std::size_t>(std::ranges::count(events_, type, &Event::type));
  }

 private:
  static std::unique_ptr<Step> MakeStep() {
    auto step = MakeTrackStep({});
    if (!step) FAIL(step.error().message);
    return std::move(*step);
  }

  static inline const base::ByteBuffer kBlack{
      base::ByteBuffer(static_cast<std::size_t>(kWidth) * kHeight, 0)};
  static inline const frame::Image kLuma{kBlack.data(), kWidth, kHeight, kWidth,
                                         frame::PixelFormat::kGray8};

  StepBench bench_;
  frame::Image luma_ = kLuma;
  std::chrono::milliseconds interval_{0};
  std::function<Times(int frame)> say_;
  int frame_ = 0;
  frame::FrameResult last_;
  std::vector<Event> events_;
};

using std::chrono::hours;
using std::chrono::microseconds;
constexpr microseconds kStart = hours(500'000);

const frame::Zone kRight{"right", {{0.5, 0}, {1, 0}, {1, 1}, {0.5, 1}}};
const frame::Line kMiddle{"middle", {0.5, 0}, {0.5, 1}};

TEST_CASE("track: each camera's events are of its own zones and lines") {
  Street street;
  street.camera().scene = {.zones = {kRight}};
  street.Run("yard", 25);
  REQUIRE(street.Count(Event::Type::kNew) == 1);
  CHECK(street.events()[0].entered == std::vector<std::string>{"right"});
  CHECK(street.events()[0].crossed.empty());

  street.BeginAnew();
  street.camera().scene = {.lines = {kMiddle}};
  street.Run("door", 25);
  REQUIRE(street.Count(Event::Type::kNew) == 2);
  const Event& event = street.events().back();
  CHECK(event.camera_id == "door");
  CHECK(event.entered.empty());
  // Seen downwards, who goes to the right of the picture goes to the line's left.
  CHECK(event.crossed == std::vector<frame::LineCrossing>{{"middle", false}});
}

TEST_CASE("track: frames with and without a time by turns are those of one thing") {
  constexpr auto kNow = std::chrono::hours(500'000);
  const auto off = GENERATE(std::chrono::hours(-24), std::chrono::hours(0), std::chrono::hours(24));
  Street street;
  street.SetTimes([&](int frame) -> Street::Times {
    const std::chrono::microseconds came = kNow + frame * std::chrono::milliseconds(200);
    if (frame % 2 == 0) return {std::nullopt, came};
    return {came + off, came};
  });
  street.Run("yard", 30);
  CHECK(street.Count(Event::Type::kNew) == 1);
  CHECK(street.Count(Event::Type::kEnd) == 0);
}

TEST_CASE("track: one frame with an absurd time neither ends an event nor has its time") {
  const bool is_live = GENERATE(true, false);
  const microseconds leap =
      GENERATE(microseconds(hours(100'000)), -kStart, microseconds(std::chrono::minutes(2)));
  CAPTURE(is_live, leap.count());
  Street street;
  street.SetTimes([&](int frame) -> Street::Times {
    const microseconds at = kStart + frame * std::chrono::milliseconds(200);
    const auto came = is_live ? std::optional(at) : std::nullopt;
    return {frame == 15 ? std::max(at + leap, microseconds(0)) : at, came};
  });
  street.Run("yard", 30);
  CHECK(street.Count(Event::Type::kNew) == 1);
  CHECK(street.Count(Event::Type::kEnd) == 0);
  for (const Event& event : street.events()) {
    CHECK(event.time >= kStart);
    CHECK(event.time < kStart + hours(1));
  }
}

TEST_CASE("track: a zone that a reload brings is entered by who is known already") {
  Street street;
  street.camera().scene = {.zones = {{"sky", {{0, 0}, {1, 0}, {1, 0.1}}}}};
  street.Run("yard", 10);
  CHECK(street.events().empty());
  const std::uint64_t id = street.last().detections[0].track_id;
  CHECK(id != 0);
  street.camera().scene = {.zones = {kRight}};
  street.Run("yard", 15);
  REQUIRE(street.events().size() == 1);
  CHECK(street.events()[0].type == Event::Type::kNew);
  CHECK(street.events()[0].track_id == id);
  CHECK(street.events()[0].entered == std::vector<std::string>{"right"});
}

TEST_CASE("track: what a camera does not report has no track and no event") {
  Street street;
  street.camera().classes = {"car"};
  street.Run("yard", 25, "person");
  CHECK(street.events().empty());
  CHECK(street.last().detections[0].track_id == 0);
  street.BeginAnew();
  street.Run("yard", 25, "car");
  CHECK(street.Count(Event::Type::kNew) == 1);
}

TEST_CASE("track: what is below the camera's threshold begins no track") {
  Street street;
  street.camera().threshold = 0.8;
  street.camera().own_threshold = true;
  street.Run("yard", 25, "person", 0.7);
  CHECK(street.events().empty());
  street.BeginAnew();
  street.Run("yard", 25, "person", 0.85);
  CHECK(street.Count(Event::Type::kNew) == 1);
}

TEST_CASE("track: a recording that begins again has one event each time") {
  Street street;
  street.SetInterval(std::chrono::milliseconds(200));
  for (int loop = 0; loop < 3; ++loop) {
    street.BeginAnew();
    street.Run("yard", 25);
  }
  CHECK(street.Count(Event::Type::kNew) == 3);
  CHECK(street.Count(Event::Type::kEnd) == 2);
}

TEST_CASE("track: a camera that is looked at once a second has events") {
  Street street;
  street.SetInterval(std::chrono::seconds(1));
  street.Run("yard", 25);
  CHECK(street.Count(Event::Type::kNew) == 1);
  CHECK(street.Count(Event::Type::kEnd) == 0);
}

TEST_CASE("track: pictures of another size end what is open, once, even without memory") {
  Street street;
  street.Run("yard", 10);
  REQUIRE(street.Count(Event::Type::kNew) == 1);
  auto& budget = street.bench().budget;
  const auto rest = budget.TryReserve(budget.capacity() - budget.used(), "the rest");
  REQUIRE(rest);
  street.Shrink();
  street.Run("yard", 10);
  REQUIRE(street.Count(Event::Type::kEnd) == 1);
  CHECK(street.Count(Event::Type::kNew) == 2);
  const auto end = std::ranges::find(street.events(), Event::Type::kEnd, &Event::type);
  CHECK(end->event_id == street.events()[0].event_id);
  CHECK(end->reason == Event::kSourceEnd);
}

TEST_CASE("track: ids of events are the camera's own, and of a service each run's") {
  Street one;
  Street other;
  for (Street* const street : {&one, &other}) {
    street->Run("yard", 10);
    street->BeginAnew();
    street->Run("door", 10);
    REQUIRE(street->Count(Event::Type::kNew) == 2);
  }
  // As files are read: the same for the same frames, whatever they are called.
  CHECK(one.events() == other.events());
  const auto tail = [](const Event& event) {
    return event.event_id.substr(event.event_id.size() - 16);
  };
  CHECK(tail(one.events()[0]) != tail(one.events()[1]));

  base::IdSource ids(7);
  Street live;
  live.bench().ids = &ids;
  live.Run("yard", 10);
  CHECK(tail(live.events()[0]) != tail(one.events()[0]));
}

}  // namespace
}  // namespace sampleproc::process

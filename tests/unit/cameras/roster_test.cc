#include "cameras/roster.h"

#include <catch2/catch.hpp>

#include "support/fake_clock.h"

namespace sampleproc::cameras {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Bench {
  explicit Bench(int max_cameras = 64, const AllOptions& configured = {})
      : directory({}, configured), roster({.max_cameras = max_cameras}, directory, clock) {}

  void Frames(const std::string& id, int count) {
    for (int i = 0; i < count; ++i) roster.Came(id, Roster::kHttp);
  }
  std::vector<std::string> Ids() const {
    std::vector<std::string> ids;
    for (const auto& each : roster.List()) ids.push_back(each.id);
    return ids;
  }

  testing::FakeClock clock;
  Directory directory;
  Roster roster;
};

frame::FrameResult Result(int width, int height, std::size_t detections,
                          const std::string& skipped = "") {
  frame::FrameResult result;
  result.width = width;
  result.height = height;
  result.detections.resize(detections);
  result.steps = {{"stats", skipped, {}}, {"motion", skipped, {}}};
  return result;
}

TEST_CASE("a camera is told with what became of its frames") {
  Bench bench;
  bench.Frames("door", 4);
  bench.roster.Done("door", Result(640, 480, 2));
  bench.roster.Done("door", Result(640, 480, 0, "fps"));
  bench.roster.Lost("door", "max_age");
  bench.clock.Advance(seconds(1));
  bench.roster.Lost("door", "invalid_frame", "the JPEG ends too soon");
  bench.clock.Advance(seconds(2));
  const auto camera = bench.roster.Find("door");
  REQUIRE(camera);
  CHECK(camera->id == "door");
  CHECK_FALSE(camera->configured);
  CHECK(camera->door == "http");
  CHECK(camera->frames_in == 4);
  CHECK(camera->looked_at == 1);
  CHECK(camera->dropped == std::vector<std::pair<std::string, std::uint64_t>>{
                               {"fps", 1}, {"invalid_frame", 1}, {"max_age", 1}});
  CHECK(camera->width == 640);
  CHECK(camera->height == 480);
  CHECK(camera->detections == 2);
  CHECK(camera->age == seconds(3));
  REQUIRE(camera->fault);
  CHECK(camera->fault->type == "invalid_frame");
  CHECK(camera->fault->age == seconds(2));
}

TEST_CASE("a camera that is configured is there before its first frame") {
  Bench bench(64, {{"yard", {}}, {"door", {}}});
  bench.Frames("alley", 1);
  CHECK(bench.Ids() == std::vector<std::string>{"alley", "door", "yard"});
  const auto yard = bench.roster.Find("yard");
  REQUIRE(yard);
  CHECK(yard->configured);
  CHECK_FALSE(yard->age);
  CHECK_FALSE(yard->detections);
  CHECK_FALSE(bench.roster.Find("cellar"));
}

TEST_CASE("the rate of frames is that of the last ten seconds") {
  Bench bench;
  for (int i = 0; i < 100; ++i) {
    bench.Frames("door", 1);
    bench.clock.Advance(milliseconds(200));
  }
  CHECK(bench.roster.Find("door")->fps == Approx(5.0).margin(0.3));
  bench.clock.Advance(seconds(5));
  CHECK(bench.roster.Find("door")->fps < 3.0);
  bench.clock.Advance(seconds(10));
  CHECK(bench.roster.Find("door")->fps == 0.0);
}

TEST_CASE("the rate of a camera that has just come is that since it came") {
  Bench bench;
  for (int i = 0; i < 10; ++i) {
    bench.Frames("door", 1);
    bench.clock.Advance(milliseconds(200));
  }
  CHECK(bench.roster.Find("door")->fps == Approx(5.0).margin(0.3));
}

TEST_CASE("a flood of invented ids takes no place of a camera that sends frames") {
  Bench bench(4, {{"yard", {}}});
  bench.Frames("yard", 1);
  bench.Frames("door", 20);
  for (int i = 0; i < 10'000; ++i) bench.Frames("invented-" + std::to_string(i), 1);
  CHECK(bench.roster.List().size() == 5);
  CHECK(bench.roster.Find("door"));
  CHECK(bench.roster.Find("yard"));
  CHECK(bench.roster.unlisted_frames() == 10'000 - 3);
  // They give their places away soon, and the camera keeps its own.
  bench.clock.Advance(seconds(3));
  bench.Frames("gate", 1);
  CHECK(bench.roster.Find("gate"));
  CHECK(bench.roster.Find("door"));
  // Once it is silent for long, it is one of those who do.
  bench.clock.Advance(seconds(61));
  for (const char* id : {"a", "b", "c", "d"}) bench.Frames(id, 2);
  CHECK_FALSE(bench.roster.Find("door"));
  CHECK(bench.roster.Find("yard"));
}

TEST_CASE("a silent camera that nobody has configured is forgotten after an hour") {
  Bench bench(64, {{"yard", {}}});
  bench.Frames("yard", 1);
  bench.Frames("door", 1);
  bench.clock.Advance(std::chrono::minutes(59));
  CHECK(bench.roster.Find("door"));
  bench.clock.Advance(std::chrono::minutes(2));
  CHECK_FALSE(bench.roster.Find("door"));
  CHECK(bench.Ids() == std::vector<std::string>{"yard"});
  bench.Frames("door", 1);
  CHECK(bench.roster.Find("door"));
}

TEST_CASE("a reload makes places of configured cameras, and takes them back") {
  Bench bench(1, {{"yard", {}}});
  bench.Frames("yard", 20);
  bench.Frames("door", 20);
  bench.directory.Replace({{"door", {}}});
  bench.roster.Reconfigured();
  CHECK(bench.Ids() == std::vector<std::string>{"door"});
  CHECK(bench.roster.Find("door")->configured);
  CHECK(bench.roster.Find("door")->frames_in == 20);
  bench.Frames("gate", 1);
  CHECK(bench.roster.Find("gate"));
  bench.Frames("other", 1);
  CHECK_FALSE(bench.roster.Find("other"));
}

TEST_CASE("what a camera's faults say is bounded") {
  Bench bench;
  bench.Frames("door", 1);
  std::string text = "x";
  for (int i = 0; i < 200; ++i) text += "\xc3\xa9";
  bench.roster.Lost("door", "internal", text);
  const std::string told = bench.roster.Find("door")->fault->detail;
  CHECK(told.size() <= 303);
  CHECK(told.ends_with("\xc3\xa9..."));
  for (int i = 0; i < 100; ++i) bench.roster.Lost("door", "reason-" + std::to_string(i));
  CHECK(bench.roster.Find("door")->dropped.size() == 24);
}

}  // namespace
}  // namespace sampleproc::cameras

#include "cameras/directory.h"

#include <catch2/catch.hpp>

namespace sampleproc::cameras {
namespace {

using std::chrono::milliseconds;

frame::CameraSettings Defaults() {
  return {.pipeline = {"stats"}, .threshold = 0.5, .max_age = milliseconds(9)};
}

TEST_CASE("what a camera has of its own beats the defaults, key by key") {
  const Directory directory(
      Defaults(), {{"door", {.threshold = 0.7}}, {"yard", {.pipeline = {"motion"}, .fps = 5}}});
  const auto door = directory.Find("door");
  CHECK(door->settings().pipeline == std::vector<std::string>{"stats"});
  CHECK(door->settings().threshold == 0.7);
  CHECK(door->settings().own_threshold);
  CHECK(door->settings().max_age == milliseconds(9));
  const auto yard = directory.Find("yard");
  CHECK(yard->settings().pipeline == std::vector<std::string>{"motion"});
  CHECK_FALSE(yard->settings().own_threshold);
  for (const auto& other : {directory.Find("Door"), directory.Find(std::nullopt)}) {
    CHECK(other->settings() == Defaults());
  }
  CHECK(directory.size() == 2);
  CHECK(directory.pipelines() == Directory::Pipelines{{"motion"}, {"stats"}});
}

TEST_CASE("a reload changes the cameras that changed, and no frame that is on its way") {
  Directory directory(Defaults(), {{"door", {.threshold = 0.7}}, {"yard", {.fps = 5}}});
  const auto door = directory.Find("door");
  const auto yard = directory.Find("yard");
  directory.Replace({{"door", {.threshold = 0.6}}, {"yard", {.fps = 5}}});
  CHECK(door->settings().threshold == 0.7);
  CHECK(directory.Find("door")->settings().threshold == 0.6);
  CHECK(directory.Find("yard") == yard);
  directory.Replace({});
  CHECK(directory.Find("yard")->settings() == Defaults());
}

TEST_CASE("a camera's zones and lines are its scene, in the order of their names") {
  const frame::Polygon left = {{0, 0}, {0.5, 0}, {0.5, 1}, {0, 1}};
  AllOptions cameras = {
      {"door",
       {.zones = {{"porch", {.polygon = left, .classes = {"person"}, .dwell = milliseconds(3)}},
                  {"path", {.polygon = left}}},
        .lines = {{"gate", {.from = frame::Point{0.1, 0.9}, .to = frame::Point{0.9, 0.9}}}}}},
      {"yard", {.fps = 5}}};
  Directory directory(Defaults(), cameras);
  const auto door = directory.Find("door");
  const auto yard = directory.Find("yard");
  const frame::Scene expected = {
      .zones = {{"path", left}, {"porch", left, {"person"}, milliseconds(3)}},
      .lines = {{"gate", {0.1, 0.9}, {0.9, 0.9}}}};
  CHECK(door->settings().scene == expected);
  CHECK(yard->settings().scene == frame::Scene());

  cameras["yard"].lines["gate"] = {.from = frame::Point{0, 0}, .to = frame::Point{1, 1}};
  directory.Replace(cameras);
  CHECK(directory.Find("door") == door);
  CHECK(directory.Find("yard") != yard);
  CHECK(directory.Find("yard")->settings().scene.lines.size() == 1);
}

TEST_CASE("of frames that come evenly as many are looked at as may be") {
  const auto looked_at = [](double fps, milliseconds interval, milliseconds jitter) {
    frame::LookPacer pacer(fps);
    int count = 0;
    for (int i = 0; i < 100; ++i) {
      const milliseconds late = i % 2 == 0 ? jitter : milliseconds(0);
      if (pacer.IsDue(i * interval + late)) ++count;
    }
    return count;
  };
  CHECK(looked_at(0, milliseconds(1), {}) == 100);
  CHECK(looked_at(10, milliseconds(100), {}) == 100);
  CHECK(looked_at(10, milliseconds(100), milliseconds(40)) == 100);
  CHECK(looked_at(10, milliseconds(50), {}) == 50);
  CHECK(looked_at(10, milliseconds(50), milliseconds(20)) == 50);
  CHECK(looked_at(1, milliseconds(100), {}) == 11);  // each 0.4 s early after the first
}

TEST_CASE("after a silence frames are not looked at faster than they may be") {
  frame::LookPacer pacer(10);
  CHECK(pacer.IsDue(milliseconds(0)));
  CHECK(pacer.IsDue(milliseconds(10'000)));
  CHECK_FALSE(pacer.IsDue(milliseconds(10'001)));
  CHECK_FALSE(pacer.IsDue(milliseconds(10'059)));
  CHECK(pacer.IsDue(milliseconds(10'060)));
  CHECK_FALSE(pacer.IsDue(milliseconds(10'159)));
}

TEST_CASE("time that goes back begins anew, and one late frame does not") {
  frame::LookPacer pacer(2);
  CHECK(pacer.IsDue(milliseconds(60'000)));
  CHECK_FALSE(pacer.IsDue(milliseconds(30'000)));  // it may be late
  CHECK_FALSE(pacer.IsDue(milliseconds(60'100)));
  CHECK_FALSE(pacer.IsDue(milliseconds(59'200)));
  CHECK(pacer.IsDue(milliseconds(60'500)));
  CHECK_FALSE(pacer.IsDue(milliseconds(10'000)));
  CHECK(pacer.IsDue(milliseconds(10'040)));  // the second one: a recording begins again
  CHECK_FALSE(pacer.IsDue(milliseconds(10'080)));
  CHECK(pacer.IsDue(milliseconds(10'540)));
  CHECK(pacer.IsDue(milliseconds(-3'600'000)));
}

TEST_CASE("a look that came to nothing goes to the next frame") {
  const frame::Camera camera({.fps = 1});
  CHECK(camera.IsLookDue(milliseconds(0)));
  camera.GiveBackLook(milliseconds(0));
  CHECK(camera.IsLookDue(milliseconds(100)));
  CHECK_FALSE(camera.IsLookDue(milliseconds(200)));
  camera.GiveBackLook(milliseconds(200));  // had none
  CHECK_FALSE(camera.IsLookDue(milliseconds(300)));
  CHECK(camera.IsLookDue(milliseconds(1'100)));
  CHECK(camera.IsLookDue(milliseconds(2'100)));
  camera.GiveBackLook(milliseconds(1'100));  // the one after it had its own
  CHECK_FALSE(camera.IsLookDue(milliseconds(2'200)));
  camera.GiveBackLook(milliseconds(2'100));
  camera.GiveBackLook(milliseconds(2'100));
  CHECK(camera.IsLookDue(milliseconds(2'300)));
  CHECK_FALSE(camera.IsLookDue(milliseconds(2'400)));
}

TEST_CASE("absurd rates are no trouble") {
  for (const double fps : {1e-300, 5e-324, 1e300}) {
    frame::LookPacer pacer(fps);
    CHECK(pacer.IsDue(milliseconds(0)));
    CHECK(pacer.IsDue(std::chrono::hours(24)) == (fps > 1));
  }
}

}  // namespace
}  // namespace sampleproc::cameras

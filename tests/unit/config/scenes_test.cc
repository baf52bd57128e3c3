// The sections [camera.ID.zone.NAME] and [camera.ID.line.NAME].
#include <catch2/catch.hpp>
#include <string>

#include "config/changes.h"
#include "config/effective.h"
#include "config/schema.h"
#include "unit/config/loading.h"

namespace sampleproc::config {
namespace {

Loaded LoadText(const std::string& text) {
  const TempFile file(text);
  return Load({.file = file.path()});
}

const std::string kTracked = "[process]\npipeline = [\"people\", \"track\"]\n";

TEST_CASE("a camera has zones and lines as its sections say") {
  const Loaded loaded = LoadText(kTracked +
                                 "[camera.door.zone.porch]\n"
                                 "polygon = [[0.2, 0.5], [0.8, 0.5], [1, 1]]\n"
                                 "classes = [\"person\"]\ndwell = \"3s\"\n"
                                 "[camera.door.line.gate]\nfrom = [0.1, 0.9]\nto = [0.9, 1]\n"
                                 "[camera.\"10.0.0.5\".zone.porch]\n"
                                 "polygon = [[0, 0], [1, 0], [0, 1]]\n");
  REQUIRE(Render(loaded).empty());
  const auto& door = loaded.config.cameras.at("door");
  CHECK(door.zones.at("porch") == cameras::ZoneOptions{.polygon = {{0.2, 0.5}, {0.8, 0.5}, {1, 1}},
                                                       .classes = {"person"},
                                                       .dwell = std::chrono::seconds(3)});
  CHECK(door.lines.at("gate") == cameras::LineOptions{.from = frame::Point{0.1, 0.9},
                                                      .to = frame::Point{0.9, 1},
                                                      .classes = {}});
  const auto& other = loaded.config.cameras.at("10.0.0.5");
  CHECK(other.zones.size() == 1);
  CHECK(other.lines.empty());
}

TEST_CASE("zones and lines are written back as they can be read again") {
  const Loaded loaded =
      LoadText(kTracked +
               "[camera.\"10.0.0.5\".zone.porch]\n"
               "polygon = [[0.25, 0.5], [0.75, 0.5], [1, 1]]\n"
               "[camera.\"10.0.0.5\".line.a-b_1]\nfrom = [0, 0]\nto = [1, 0.5]\n");
  REQUIRE(Render(loaded).empty());
  const std::string text = EffectiveToml(loaded, Which::kAll);
  INFO(text);
  CHECK(text.find("[camera.\"10.0.0.5\".zone.porch]\npolygon = [[0.25, 0.5], [0.75, 0.5], ") !=
        std::string::npos);
  CHECK(text.find("dwell = \"0s\"  # default\n") != std::string::npos);
  const Loaded again = LoadText(text);
  CHECK(Render(again).empty());
  CHECK(again.config.cameras == loaded.config.cameras);
}

TEST_CASE("flags set the keys of zones and lines, whatever their camera is called") {
  const Loaded loaded =
      Load({.flags = {{"process.pipeline", "people,track", "--set"},
                      {"camera.door.zone.porch.polygon", "[[0,0],[1,0],[0,1]]", "--set"},
                      {"camera.door.zone.porch.dwell", "2s", "--set"},
                      {"camera.\"10.0.0.5\".line.gate.from", "[0,0]", "--set"},
                      {"camera.\"10.0.0.5\".line.gate.to", "[1,1]", "--set"},
                      {"camera.\"a.zone.b\".classes", "person", "--set"}},
            .files = Files::kNone});
  REQUIRE(Render(loaded).empty());
  const auto& cameras = loaded.config.cameras;
  REQUIRE(cameras.size() == 3);
  CHECK(cameras.at("door").zones.at("porch").polygon.size() == 3);
  CHECK(cameras.at("door").zones.at("porch").dwell == std::chrono::seconds(2));
  CHECK(cameras.at("10.0.0.5").lines.at("gate").to == frame::Point{1, 1});
  CHECK(cameras.at("a.zone.b").classes == std::vector<std::string>{"person"});
}

TEST_CASE("a flag with a key that zones do not have names no camera instead") {
  const Loaded loaded =
      Load({.flags = {{"camera.door.zone.porch.fps", "2", "--set"}}, .files = Files::kNone});
  CHECK(Render(loaded).find("camera.door.zone.porch.fps: no such key") != std::string::npos);
  CHECK(loaded.config.cameras.empty());
}

TEST_CASE("what is wrong with a zone or line is told once, with its camera and key") {
  const auto all = [](const std::string& text) { return RenderFile(kTracked + text); };
  const auto check = [&](const std::string& text, const std::string& expected) {
    const std::string told = all(text);
    INFO(told);
    CHECK(told.find(expected) != std::string::npos);
    CHECK(told.find(": error: ") == told.rfind(": error: "));
  };
  const std::string porch = "[camera.door.zone.porch]\n";
  const std::string gate = "[camera.door.line.gate]\n";
  check(porch + "dwell = \"1s\"", "camera.door.zone.porch.polygon: has to be given");
  check(porch, "t.toml:3:");
  check(porch + "polygon = []", "camera.door.zone.porch.polygon: has to be given");
  check(porch + "polygon = [[0,0],[1,1]]",
        "camera.door.zone.porch.polygon: the polygon has 2 points; allowed is 3 to 1000 [SP1004]");
  check(porch + "polygon = [[0.5,0.5],[0.5,0.5],[0.5,0.5]]",
        "camera.door.zone.porch.polygon: the polygon has no area");
  check(porch + "polygon = [[0,0],[1,1],[0,640]]",
        "camera.door.zone.porch.polygon: point 3 of the polygon is outside of the picture");
  check(porch + "polygon = [[0,0],[1,1],[0]]",
        "camera.door.zone.porch.polygon: point 3 of the polygon is no point such as");
  check(porch + "polygon = [0, 0, 1, 1]",
        "camera.door.zone.porch.polygon: the polygon is not a list of points");
  check(porch + "polygon = 1", "camera.door.zone.porch.polygon: expected a list of points such as");
  check(porch + "polgon = [[0,0],[1,1],[0,1]]", "camera.door.zone.porch.polgon: no such key");
  check(porch + "polgon = [[0,0],[1,1],[0,1]]", "did you mean polygon?");
  check(porch + "polygon = [[0,0],[1,1],[0,1]]\ndwell = \"long\"", "camera.door.zone.porch.dwell:");
  check(gate + "from = [0, 0]", "camera.door.line.gate.to: has to be given");
  check(gate + "to = [0, 0]", "camera.door.line.gate.from: has to be given");
  check(gate + "from = [0, 0]\nto = [0, 0.0]",
        "camera.door.line.gate.to: is where the line begins");
  check(gate + "from = [0, 0]\nto = [0, 2]",
        "camera.door.line.gate.to: the value is outside of the picture");
  check(gate + "from = [0, 0]\nto = [1]",
        "camera.door.line.gate.to: the value is no point such as [0.25, 0.5]");
  check(gate + "from = [0, 0]\nto = [1, 1]\ndwell = 1", "camera.door.line.gate.dwell: no such key");
  check("[camera.door.zones.porch]\n", "did you mean zone?");
  check("[camera.door.zone.\"the porch\"]\n", "cannot be the name of a zone");
  check("[camera.door]\nzone = 1", "camera.door.zone: is a section, found an integer");
  check("[camera.door.zone]\nporch = 1", "camera.door.zone.porch: is a section, found an integer");
  check("[camera.\"10.0.0.5\".line.gate]\nto = [0, 0]\nfrom = [\"a\", 0]",
        "camera.\"10.0.0.5\".line.gate.from: the value is outside of the picture");
}

TEST_CASE("a camera has so many zones and lines and no more") {
  const auto zones = [](int count) {
    std::string text = kTracked;
    for (int i = 0; i < count; ++i) {
      text += "[camera.door.zone.z" + std::to_string(i) + "]\npolygon = [[0,0],[1,0],[1,1]]\n";
    }
    return RenderFile(text);
  };
  CHECK(zones(32).empty());
  CHECK(
      zones(33).find("camera.door.zone: the camera has 33 of them; allowed is 0 to 32 [SP1121]") !=
      std::string::npos);
}

TEST_CASE("zones that can never be entered are warned of") {
  const std::string porch =
      "[camera.door.zone.porch]\npolygon = [[0,0],[1,0],[1,1]]\nclasses = [\"person\", \"car\"]\n";
  const std::string untracked = RenderFile("[process]\npipeline = [\"people\"]\n" + porch);
  INFO(untracked);
  CHECK(untracked.find("t.toml:2:12: warning: process.pipeline: does not have the step track, so "
                       "that the zones and lines of camera.door do nothing [SP1121]") !=
        std::string::npos);
  const std::string own = RenderFile(kTracked + "[camera.door]\npipeline = [\"people\"]\n" + porch);
  INFO(own);
  CHECK(own.find("warning: camera.door.pipeline: does not have the step track") !=
        std::string::npos);
  const std::string unreported =
      RenderFile(kTracked + "[camera.door]\nclasses = [\"person\"]\n" + porch);
  INFO(unreported);
  CHECK(unreported.find("t.toml:7:22: warning: camera.door.zone.porch.classes: \"car\" is none of "
                        "the classes that this camera reports") != std::string::npos);
}

TEST_CASE("a reload applies zones and lines, those that come and those that go") {
  const Loaded before = LoadText(kTracked +
                                 "[camera.door.zone.porch]\npolygon = [[0,0],[1,0],[1,1]]\n"
                                 "[camera.door.zone.path]\npolygon = [[0,0],[1,0],[1,1]]\n");
  const Loaded after = LoadText(kTracked +
                                "[camera.door.zone.porch]\npolygon = [[0,0],[1,0],[0,1]]\n"
                                "[camera.door.line.gate]\nfrom = [0,0]\nto = [1,1]\n");
  std::vector<std::string> keys;
  const auto changes = Changes(before, after);
  for (const Change& change : changes) keys.push_back(change.key);
  CHECK(keys == std::vector<std::string>{"camera.door.zone.path.polygon",
                                         "camera.door.zone.porch.polygon",
                                         "camera.door.line.gate.from", "camera.door.line.gate.to"});
  CHECK_FALSE(NeedsRestart(changes));
}

}  // namespace
}  // namespace sampleproc::config

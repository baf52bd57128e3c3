// The sections [camera.ID].
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

TEST_CASE("a camera has what its section says, whatever it is called") {
  const Loaded loaded = LoadText(
      "[camera.door]\npipeline = [\"people\"]\nthreshold = 0.6\nclasses = \"person\"\n"
      "mask = [[[0, 0], [1.0, 0.0], [1, 0.25]]]\nfps = 5\nmax_age = \"2s\"\n"
      "[camera.\"10.0.0.5\"]\n[camera.\"the \\\"yard\\\"\"]\nfps = 0.5\n");
  REQUIRE(Render(loaded).empty());
  const auto& cameras = loaded.config.cameras;
  REQUIRE(cameras.size() == 3);
  const cameras::Options& door = cameras.at("door");
  CHECK(door.pipeline == std::vector<std::string>{"people"});
  CHECK(door.threshold == 0.6);
  CHECK(door.classes == std::vector<std::string>{"person"});
  CHECK(door.mask == std::vector<frame::Polygon>{{{0, 0}, {1, 0}, {1, 0.25}}});
  CHECK(door.fps == 5);
  CHECK(door.max_age == std::chrono::seconds(2));
  CHECK(cameras.at("10.0.0.5") == cameras::Options());
  CHECK(cameras.at("the \"yard\"").fps == 0.5);
}

TEST_CASE("a camera is written back as it can be read again") {
  const Loaded loaded = LoadText(
      "[camera.\"10.0.0.5\"]\nmask = [[[0, 0], [1.0, 0.0], [1, 0.25]]]\nfps = 2.5\n"
      "[camera.door]\nclasses = []\n");
  const std::string text = EffectiveToml(loaded, Which::kAll);
  CHECK(text.find("[camera.\"10.0.0.5\"]\npipeline = []  # default\n") != std::string::npos);
  const Loaded again = LoadText(text);
  CHECK(Render(again).empty());
  CHECK(again.config.cameras == loaded.config.cameras);
}

TEST_CASE("a flag sets a camera's key") {
  const Loaded loaded =
      Load({.flags = {{"camera.door.threshold", "0.25", "--set"},
                      {"camera.\"10.0.0.5\".mask", "[[[0,0],[1,0],[0,1]]]", "--set"}},
            .files = Files::kNone});
  REQUIRE(Render(loaded).empty());
  CHECK(loaded.config.cameras.at("door").threshold == 0.25);
  CHECK(loaded.config.cameras.at("10.0.0.5").mask.size() == 1);
}

TEST_CASE("what is wrong with a camera is told with its name, its key and what would be right") {
  const auto first_line = [](const std::string& text) {
    const std::string told = RenderFile(text);
    return told.substr(0, told.find('\n'));
  };
  CHECK(first_line("[camera.door]\nmask = [[[0,0],[1,1]]]") ==
        "t.toml:2:9: error: camera.door.mask: polygon 1 has 2 points; allowed is 3 to 1000 "
        "[SP1004]");
  CHECK(first_line("[camera.door]\nmask = [[[0,0],[1,1],[0,1]], [[0,0],[1.5,0],[1,1]]]") ==
        "t.toml:2:30: error: camera.door.mask: point 2 of polygon 2 is outside of the picture: its "
        "numbers must be 0 to 1 [SP1004]");
  CHECK(
      first_line("[camera.door]\nmask = [[[0,0],[1,1],[0,1]], [[0,0],[0.5,0.5],[1,1]]]") ==
      "t.toml:2:30: error: camera.door.mask: polygon 2 has no area: its points lie on one line or "
      "in one place, and nothing can be inside [SP1004]");
  CHECK(first_line("[camera.door]\nmask = [[[0,0],[1],[0,1]]]") ==
        "t.toml:2:9: error: camera.door.mask: point 2 of polygon 1 is no point such as [0.25, 0.5] "
        "[SP1005]");
  CHECK(first_line("[camera.door]\nmask = [[0,0],[1,0],[0,1]]") ==
        "t.toml:2:9: error: camera.door.mask: polygon 1 is not a list of points such as [[0.0, "
        "0.0], [1.0, 0.0]] [SP1005]");
  CHECK(
      first_line("[camera.door]\nmask = 1").find("camera.door.mask: expected a list of polygons") !=
      std::string::npos);
  CHECK(first_line("[camera.door]\npipeline = [\"motion\", \"faecs\"]")
            .find("camera.door.pipeline: \"faecs\" is no step") != std::string::npos);
  CHECK(first_line("[camera.door]\npipeline = [\"motion\", \"motion\"]")
            .find("\"motion\" stands there twice") != std::string::npos);
  CHECK(first_line("[camera.door]\npipeline = [\"objects\"]")
            .find("camera.door.pipeline: has the detector \"objects\", and detector.objects.model "
                  "names "
                  "no file") != std::string::npos);
  CHECK(first_line("[camera.door]\npipeline = [\"cascade\"]")
            .find("camera.door.pipeline: has the step cascade") != std::string::npos);
  CHECK(first_line("[camera.door]\ntreshold = 1").find("camera.door.treshold: no such key") !=
        std::string::npos);
  CHECK(RenderFile("[camera.door]\ntreshold = 1").find("did you mean threshold?") !=
        std::string::npos);
  CHECK(first_line("[camera]\ndoor = 1").find("camera.door: is a section, found an integer") !=
        std::string::npos);
  CHECK(first_line("camera = 1").find("camera: is a section, found an integer") !=
        std::string::npos);
  CHECK(first_line("[camera.\"\"]\nfps = 1").find("must not be empty") != std::string::npos);
  CHECK(first_line("[camera.door]\nthreshold = 1.5").find("camera.door.threshold: 1.5 is out") !=
        std::string::npos);
}

TEST_CASE("a reload applies all of a camera") {
  const Loaded before = LoadText("[camera.door]\nfps = 1\n");
  const Loaded after = LoadText("[camera.door]\nfps = 2\n[camera.yard]\nthreshold = 0.5\n");
  const auto changes = Changes(before, after);
  REQUIRE(changes.size() == 2);
  CHECK(changes[0].key == "camera.door.fps");
  CHECK(changes[1].key == "camera.yard.threshold");
  CHECK_FALSE(NeedsRestart(changes));
}

}  // namespace
}  // namespace sampleproc::config

#include "files/frame_feed.h"

#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "files/checkpoint.h"
#include "support/temp_dir.h"

namespace sampleproc::files {
namespace {

using Names = std::vector<std::string>;

// Inputs of every kind but videos: two files of raw pixels, four and three frames of 4x4, which are
// cameras as videos are, with a recording and a picture between them.
struct Inputs {
  Inputs() {
    paths = {dir.Write("a.raw", std::string(64, 'x')), dir.Write("r.ndjson", "{}\n\n{}\n"),
             dir.Write("p.png", "\x89PNG\r\n\x1a\n"), dir.Write("b.raw", std::string(48, 'x'))};
  }

  FrameFeed Feed(FeedOptions options) {
    const SourceOptions source{.codec = codec,
                               .budget = budget,
                               .max_request_bytes = 100,
                               .raw = frame::RawDescription{frame::RawFormat::kGray8, 4, 4}};
    return {InputList({.arguments = paths}), source, std::move(options), turns, cameras};
  }

  // "a.raw#0" for each frame; of a silent one "(a.raw#0)", of a camera's "a.raw#0@camera". The last
  // place is kept, an error is its message.
  Names List(FeedOptions options, std::size_t most = 1000) {
    FrameFeed feed = Feed(std::move(options));
    Names names;
    while (names.size() < most) {
      auto task = feed.Next();
      if (!task) return {task.error().message};
      if (!*task) break;
      last = (*task)->place;
      std::string name = (*task)->frame_id.substr(dir.path().string().size() + 1);
      if ((*task)->camera_id) {
        const std::string& camera = *(*task)->camera_id;
        name += "@" + camera.substr(camera.rfind('/') + 1);
      }
      names.push_back((*task)->silent ? "(" + name + ")" : name);
    }
    return names;
  }

  testing::TempDir dir;
  std::vector<std::string> paths;
  codec::Options codec;
  resources::MemoryBudget budget{std::size_t{1} << 20};
  process::CameraTurns turns;
  process::CameraStates cameras{64, budget};
  Place last;
};

const Names kAll = {"a.raw#0@a.raw", "a.raw#1@a.raw", "a.raw#2@a.raw", "a.raw#3@a.raw",
                    "r.ndjson#0",    "r.ndjson#2",    "p.png#0",       "b.raw#0@b.raw",
                    "b.raw#1@b.raw", "b.raw#2@b.raw"};

TEST_CASE("frames come in order, each sequence a camera of its own") {
  Inputs inputs;
  CHECK(inputs.List({}) == kAll);
  CHECK(inputs.List({.has_memory = true}) == kAll);
  CHECK(inputs.turns.open() == 0);
  CHECK(inputs.budget.used() == 0);
}

TEST_CASE("a run without memory goes on with what is not done, from every place") {
  Inputs inputs;
  for (std::size_t done = 1; done <= kAll.size(); ++done) {
    inputs.List({}, done);
    const Names rest(kAll.begin() + static_cast<std::ptrdiff_t>(done), kAll.end());
    CHECK(inputs.List({.done = Place(inputs.last)}) == rest);
  }
}

TEST_CASE("what later frames depend on is handed out once more, in silence") {
  Inputs inputs;
  inputs.List({}, 2);
  CHECK(inputs.List({.has_memory = true, .done = Place(inputs.last)}, 4) ==
        Names{"(a.raw#0@a.raw)", "(a.raw#1@a.raw)", "a.raw#2@a.raw", "a.raw#3@a.raw"});
  // A video that is done left nothing behind, a recording may have named any camera.
  inputs.List({}, 8);
  CHECK(inputs.List({.has_memory = true, .done = Place(inputs.last)}) ==
        Names{"(r.ndjson#0)", "(r.ndjson#2)", "(b.raw#0@b.raw)", "b.raw#1@b.raw", "b.raw#2@b.raw"});
}

TEST_CASE("with one camera everything is handed out once more") {
  Inputs inputs;
  inputs.List({}, 7);
  const Names again = inputs.List({.camera = "door", .has_memory = true, .done = inputs.last});
  REQUIRE(again.size() == kAll.size());
  CHECK(again[6] == "(p.png#0@door)");
  CHECK(again[7] == "b.raw#0@door");
}

TEST_CASE("other inputs than the earlier run's are refused, fewer ones too") {
  Inputs inputs;
  inputs.List({}, 5);
  const Place done = inputs.last;
  std::swap(inputs.paths[0], inputs.paths[2]);
  CHECK(inputs.List({.done = done}).front().find("remove the checkpoint") != std::string::npos);
  inputs.paths.resize(1);
  CHECK(inputs.List({.done = done}).front().find("remove the checkpoint") != std::string::npos);
}

class Background final : public process::CameraStates::State {};

TEST_CASE("a sequence's camera is forgotten after the last of its frames, and not before") {
  Inputs inputs;
  FrameFeed feed = inputs.Feed({.has_memory = true});
  std::vector<Task> held;
  const std::function<std::unique_ptr<process::CameraStates::State>()> make = [] {
    return std::make_unique<Background>();
  };
  for (int i = 0; i < 4; ++i) {
    auto task = feed.Next();
    REQUIRE(task);
    held.push_back(std::move(**task));
    REQUIRE(inputs.cameras.Use(*held.back().camera_id, {1, 100, make}));
  }
  CHECK(inputs.cameras.counts().cameras == 1);
  // Another thread takes the next frame, which waits for those of the sequence that are in work.
  bool taken = false;
  std::thread next([&] { taken = feed.Next().has_value(); });
  for (Task& task : held) {
    CHECK(inputs.cameras.counts().cameras == 1);
    task.turn.End();
  }
  next.join();
  CHECK(taken);
  CHECK(inputs.cameras.counts().cameras == 0);
}

}  // namespace
}  // namespace sampleproc::files

#include "consumer/pixels/camera_paths.h"

#include <catch2/catch.hpp>

namespace sampleproc::consumer {
namespace {

using std::chrono::seconds;
using Path = CameraPaths::Path;
using Trials = CameraPaths::Trials;

const Path kDoor{"gate:80", "door"};

TEST_CASE("a camera that fails while its host hands out those of others is apart") {
  CameraPaths paths;
  base::MonoTime now{};
  Trials frame;
  for (int i = 0; i < 10; ++i) paths.Failed(kDoor, 0, now, frame);
  CHECK_FALSE(paths.IsApart(kDoor));  // nobody else had anything: the host is away
  paths.Failed(kDoor, CameraPaths::kTries, now, frame);
  CHECK(paths.IsApart(kDoor));
  CHECK_FALSE(paths.IsApart({"gate:80", "yard"}));
  CHECK_FALSE(paths.IsApart({"other:80", "door"}));
  now += CameraPaths::kSteady - seconds(1);
  paths.Succeeded(kDoor, now);
  CHECK(paths.IsApart(kDoor));  // it has failed too lately
  now += seconds(1);
  paths.Succeeded(kDoor, now);
  CHECK_FALSE(paths.IsApart(kDoor));
}

TEST_CASE("a camera that fails now and then is not apart") {
  CameraPaths paths;
  Trials frame;
  for (std::uint64_t handed_out = 0; handed_out < 1'000; handed_out += 10) {
    for (int i = 1; i < CameraPaths::kTries; ++i) paths.Failed(kDoor, handed_out, {}, frame);
    paths.Succeeded(kDoor, {});
  }
  CHECK_FALSE(paths.IsApart(kDoor));
}

TEST_CASE("the name of a host that a camera is apart at leads back to both") {
  CHECK(CameraPaths::NameOf(kDoor) == "gate:80 (camera door)");
  CHECK(CameraPaths::PathOf("gate:80 (camera door)", "door") == kDoor);
  CHECK(CameraPaths::PathOf("gate:80", "door") == kDoor);
  CHECK(CameraPaths::PathOf("gate:80 (camera door)", "yard").first == "gate:80 (camera door)");
  CHECK(CameraPaths::NameOf({"gate:80", {}}) == "gate:80");
}

TEST_CASE("a frame is at fault when others of its camera come through again and again") {
  CameraPaths paths;
  Trials bad;
  int failures = 0;
  while (!paths.IsFramesFault(kDoor, bad, {})) {
    paths.Failed(kDoor, 1'000, {}, bad);
    Trials another;
    paths.Failed(kDoor, 1'000, {}, another);
    paths.Succeeded(kDoor, {});
    REQUIRE(++failures < 100);
  }
  CHECK(failures >= 10);
}

TEST_CASE("no frame is at fault for what other cameras have, nor for what came before it failed") {
  CameraPaths paths;
  Trials frame;
  for (int i = 0; i < 1'000; ++i) {
    paths.Failed(kDoor, static_cast<std::uint64_t>(i), {}, frame);
    paths.Succeeded({"gate:80", "yard"}, {});
  }
  CHECK_FALSE(paths.IsFramesFault(kDoor, frame, {}));
  // Those behind it had come already when the way to the camera went down.
  Trials last;
  paths.Failed(kDoor, 0, {}, last);
  for (int i = 0; i < 3; ++i) paths.Succeeded(kDoor, {});
  for (int i = 0; i < 1'000; ++i) paths.Failed(kDoor, 0, {}, last);
  CHECK_FALSE(paths.IsFramesFault(kDoor, last, {}));
}

TEST_CASE("a frame that names no camera is given a few minutes") {
  CameraPaths paths;
  const Path unnamed{"gate:80", {}};
  base::MonoTime now{};
  Trials frame;
  const auto fail = [&] {
    paths.Failed(unnamed, 1'000, now, frame);
    paths.Succeeded(unnamed, now);
  };
  for (int i = 0; i < 100; ++i) fail();
  CHECK_FALSE(paths.IsApart(unnamed));
  CHECK_FALSE(paths.IsFramesFault(unnamed, frame, now));
  now += CameraPaths::kNoCamera;
  fail();
  CHECK(paths.IsFramesFault(unnamed, frame, now));
}

TEST_CASE("however many cameras and hosts there are, few are remembered") {
  CameraPaths paths;
  base::MonoTime now{};
  Trials frame;
  for (int i = 0; i < CameraPaths::kTries; ++i)
    paths.Failed(kDoor, 1'000 * static_cast<std::uint64_t>(i), now, frame);
  CHECK(paths.IsApart(kDoor));
  for (int i = 0; i < 10'000; ++i) paths.Succeeded({"gate:80", std::to_string(i)}, now);
  CHECK_FALSE(paths.IsApart(kDoor));
}

}  // namespace
}  // namespace sampleproc::consumer

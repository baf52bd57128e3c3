#include "track/tracker.h"

#include <catch2/catch.hpp>

#include "support/track_scene.h"
#include "track/path.h"

namespace sampleproc::track {
namespace {

Thing Person(std::vector<Waypoint> way, int layer = 0) {
  return {"person", 40, 100, std::move(way), layer};
}

TEST_CASE("tracker: who never overlaps keeps its id, twenty at once and ten worlds") {
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    std::vector<Thing> things;
    for (int i = 0; i < 20; ++i) {
      const double y = 110 + 20 * i;
      const double begin = 0.2 * i;
      const double from = i % 2 == 0 ? 30 : 970;
      const double to = i % 2 == 0 ? 970 : 30;
      // Small ones in lanes of their own.
      things.push_back({"person", 8, 18, {{begin, from, y}, {begin + 60, to, y}}});
    }
    SyntheticScene scene(things, {}, {}, seed);
    scene.Run(70);
    CHECK(scene.switches() == 0);
    for (std::size_t i = 0; i < things.size(); ++i) CHECK(scene.ids(i).size() == 1);
  }
}

TEST_CASE("tracker: of those who pass behind each other at most one in ten gets another id") {
  int crossings = 0;
  int switches = 0;
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    std::vector<Thing> things;
    for (int i = 0; i < 5; ++i) {
      const double begin = 2.0 * i;
      things.push_back(Person({{begin, 50, 300}, {begin + 16, 950, 300}}, 0));
      things.push_back(Person({{begin, 950, 310}, {begin + 16, 50, 310}}, 1));
    }
    SyntheticScene scene(things, {}, {}, seed);
    scene.Run(30);
    // Each walks past those of the other direction who are there with it.
    for (int i = 0; i < 5; ++i) {
      for (int j = 0; j < 5; ++j) crossings += std::abs(i - j) * 2 < 16 ? 1 : 0;
    }
    switches += scene.switches();
  }
  INFO(switches << " of " << crossings);
  CHECK(switches * 10 <= crossings);
}

TEST_CASE("tracker: behind a pillar and out again is one track, and so is stop and go") {
  SyntheticScene scene({Person({{0, 50, 300}, {10, 550, 300}}),
                        {"pillar", 90, 300, {{0, 300, 400}, {60, 300, 400}}, 5},
                        Person({{0, 50, 450}, {4, 250, 450}, {20, 250, 450}, {26, 600, 450}}, 6)});
  scene.Run(30);
  CHECK(scene.ids(0).size() == 1);
  CHECK(scene.ids(2).size() == 1);
  CHECK(scene.switches() == 0);
}

TEST_CASE("tracker: classes are kept apart") {
  SyntheticScene scene({{"person", 60, 60, {{0, 100, 300}, {20, 900, 300}}},
                        {"dog", 60, 60, {{0, 100, 302}, {20, 900, 302}}}});
  scene.Run(20);
  CHECK(scene.ids(0).size() == 1);
  CHECK(scene.ids(1).size() == 1);
  CHECK(*scene.ids(0).begin() != *scene.ids(1).begin());
}

TEST_CASE("tracker: an id takes min_hits frames, and what flashes up has none") {
  Tracker tracker({.min_hits = 3});
  const Observation cat{"cat", 0.8, {10, 10, 50, 50}};
  const std::vector<Observation> seen{cat};
  CHECK(tracker.Update(FrameClock(0), seen)[0] == 0);
  CHECK(tracker.Update(kFrameTime, seen)[0] == 0);
  CHECK(tracker.Update(2 * kFrameTime, seen)[0] == 1);
  Tracker eager({.min_hits = 1});
  CHECK(eager.Update(FrameClock(0), seen)[0] == 1);
  Tracker flash({});
  flash.Update(FrameClock(0), seen);
  for (int i = 1; i < 20; ++i) flash.Update(kFrameTime * i, {});
  CHECK(flash.tracks().empty());
  CHECK(flash.ended().empty());
}

TEST_CASE("tracker: weak detections go on with a track and begin none") {
  Tracker tracker({});
  std::vector<Observation> seen{{"cat", 0.2, {10, 10, 50, 50}, Observation::Kind::kWeak}};
  for (int i = 0; i < 10; ++i) CHECK(tracker.Update(kFrameTime * i, seen)[0] == 0);
  CHECK(tracker.tracks().empty());
  seen[0].kind = Observation::Kind::kSure;
  for (int i = 10; i < 13; ++i) tracker.Update(kFrameTime * i, seen);
  seen[0].kind = Observation::Kind::kWeak;
  for (int i = 13; i < 100; ++i) CHECK(tracker.Update(kFrameTime * i, seen)[0] == 1);
}

TEST_CASE("tracker: what stands still outlives frames nobody looks at, what moved does not") {
  Tracker tracker({});
  for (int i = 0; i < 100; ++i) {
    const std::vector<Observation> seen{{"car", 0.9, {100, 100, 200, 160}},
                                        {"dog", 0.9, {300 + 4 * i, 300, 340 + 4 * i, 340}}};
    tracker.Update(kFrameTime * i, seen);
  }
  for (int i = 100; i < 5000; ++i) tracker.Pass(kFrameTime * i);
  REQUIRE(tracker.tracks().size() == 1);
  CHECK(tracker.tracks()[0].class_name == "car");
  CHECK(tracker.tracks()[0].is_stationary);
  const std::vector<Observation> seen{{"car", 0.9, {101, 100, 201, 160}}};
  CHECK(tracker.Update(kFrameTime * 5000, seen)[0] == 1);
}

TEST_CASE("tracker: neither tracks nor time run away") {
  Tracker tracker({});
  std::vector<Observation> crowd;
  for (int i = 0; i < 1000; ++i) {
    const int x = 20 * (i % 40);
    const int y = 20 * (i / 40);
    crowd.push_back({"bee", 0.9, {x, y, x + 10, y + 10}});
  }
  for (int i = 0; i < 5; ++i) {
    CHECK(tracker.Update(kFrameTime * i, crowd).size() == crowd.size());
    CHECK(tracker.tracks().size() <= Tracker::kMaxTracks);
  }
  tracker.Update(FrameClock(-1'000'000'000), crowd);
  tracker.Update(std::chrono::hours(24 * 365 * 200), crowd);
  CHECK(tracker.tracks().size() <= Tracker::kMaxTracks);
}

TEST_CASE("tracker: what was not found for lost_after is another one when something comes again") {
  Tracker tracker({.min_hits = 1});
  const std::vector<Observation> seen = {{"person", 0.9, {100, 100, 140, 200}}};
  CHECK(tracker.Update(std::chrono::seconds(0), seen) == std::vector<std::uint64_t>{1});
  CHECK(tracker.Update(std::chrono::seconds(1), seen) == std::vector<std::uint64_t>{1});
  CHECK(tracker.Update(std::chrono::seconds(4), seen) == std::vector<std::uint64_t>{1});
  CHECK(tracker.Update(std::chrono::seconds(8), seen) == std::vector<std::uint64_t>{2});
  REQUIRE(tracker.ended().size() == 1);
  CHECK(tracker.ended()[0].id == 1);
  CHECK(tracker.ended()[0].last_seen == std::chrono::seconds(4));
}

// A cat that goes to the right, by a fourth of itself from one frame to the next.
std::vector<Observation> Cat(int frame) {
  return {{"cat", 0.9, {10 * frame, 100, 10 * frame + 40, 140}}};
}

TEST_CASE("tracker: a camera that is looked at seldom has tracks too, which last for some looks") {
  const std::chrono::seconds interval(GENERATE(1, 2, 5, 20, 90, 1000));
  INFO("one look in " << interval.count() << " s");
  Tracker tracker({});
  std::uint64_t id = 0;
  std::size_t ended = 0;
  int frame = 0;
  for (; frame < 6; ++frame) {
    id = tracker.Update(frame * interval, Cat(frame))[0];
    ended += tracker.ended().size();
  }
  CHECK(id == 1);
  // Hidden for a look.
  tracker.Update(frame++ * interval, {});
  ended += tracker.ended().size();
  CHECK(tracker.Update(frame * interval, Cat(frame))[0] == 1);
  CHECK(ended == 0);
  // And gone.
  for (int i = 0; i < 4; ++i) {
    tracker.Update(++frame * interval, {});
    ended += tracker.ended().size();
  }
  CHECK(ended == 1);
  CHECK(tracker.tracks().empty());
}

TEST_CASE("tracker: what flashes up before a slow camera is forgotten after two looks") {
  Tracker tracker({});
  tracker.Update(std::chrono::seconds(0), Cat(0));
  tracker.Update(std::chrono::seconds(1), {});
  CHECK(tracker.tracks().size() == 1);
  tracker.Update(std::chrono::seconds(2), {});
  CHECK(tracker.tracks().empty());
  CHECK(tracker.ended().empty());
}

TEST_CASE("tracker: one late frame changes nothing, and a time that goes back begins anew") {
  const FrameClock back = std::chrono::milliseconds(GENERATE(1'500, 10'000, 59'000));
  INFO("back by " << back.count() << " us");
  Tracker tracker({.min_hits = 1});
  const FrameClock begin = std::chrono::minutes(2);
  for (int i = 0; i < 10; ++i) CHECK(tracker.Update(begin + kFrameTime * i, Cat(i))[0] == 1);
  const FrameClock end = begin + 9 * kFrameTime;
  CHECK(tracker.Update(end - back, Cat(9))[0] == 1);
  CHECK(tracker.now() == end);
  CHECK(tracker.Update(end + kFrameTime, Cat(10))[0] == 1);
  CHECK(tracker.ended().empty());

  const FrameClock again = end + kFrameTime - back;
  tracker.Update(again, {});
  CHECK(tracker.ended().empty());
  CHECK(tracker.Update(again + kFrameTime, Cat(0))[0] == 2);
  REQUIRE(tracker.ended().size() == 1);
  CHECK(tracker.ended()[0].id == 1);
  // Time goes on: what is gone is lost as soon as ever.
  for (int i = 2; i < 20; ++i) tracker.Update(again + kFrameTime * i, {});
  CHECK(tracker.tracks().empty());
  CHECK(tracker.now() == again + kFrameTime * 19);
}

TEST_CASE("tracker: frames a little out of order go on with the same tracks") {
  Tracker tracker({.min_hits = 1});
  for (int i = 0; i < 50; ++i) {
    const int order = i % 2 == 0 ? i + 1 : i - 1;
    CHECK(tracker.Update(std::chrono::milliseconds(900) * order, Cat(order))[0] == 1);
  }
}

TEST_CASE("tracker: a jump of time ends all tracks, and time goes on from there") {
  const FrameClock far =
      GENERATE(FrameClock(std::chrono::hours(24)), FrameClock(std::chrono::hours(-1)));
  Tracker tracker({.min_hits = 1});
  const std::vector<Observation> seen = {{"person", 0.9, {100, 100, 140, 200}}};
  FrameClock at = std::chrono::hours(5);
  const auto update = [&] { return tracker.Update(at, seen); };
  CHECK(update() == std::vector<std::uint64_t>{1});
  at += far;
  CHECK(update() == std::vector<std::uint64_t>{2});
  REQUIRE(tracker.ended().size() == 1);
  CHECK(tracker.ended()[0].id == 1);
  at -= far;
  CHECK(update() == std::vector<std::uint64_t>{3});
  at += std::chrono::seconds(1);
  CHECK(update() == std::vector<std::uint64_t>{3});
  at += std::chrono::seconds(4);
  CHECK(tracker.Update(at, {}).empty());
  CHECK(tracker.tracks().empty());
}

TEST_CASE("path: bounded, with its first and its last point") {
  Path path;
  for (int i = 0; i < 10'000; ++i) {
    path.Add({i, 0});
    REQUIRE(path.Points().size() <= Path::kMaxPoints);
    REQUIRE(path.Points().front().x == 0);
    REQUIRE(path.Points().back().x == i);
  }
}

}  // namespace
}  // namespace sampleproc::track

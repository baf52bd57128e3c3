#include "track/event_maker.h"

#include <catch2/catch.hpp>

#include "support/track_scene.h"
#include "track/geometry.h"

namespace sampleproc::track {
namespace {

using frame::Event;
using frame::Line;
using frame::Zone;

Thing Person(std::vector<Waypoint> way) { return {"person", 40, 100, std::move(way)}; }

// Who is 2 m/s of 40 pixels each and comes in from the left.
const std::vector<Waypoint> kThrough = {{5, 20, 300}, {17, 980, 300}};

// The right half below the middle.
Zone Yard(std::chrono::milliseconds dwell = {}) {
  return {"yard", {{0.5, 0.5}, {1, 0.5}, {1, 1}, {0.5, 1}}, {"person"}, dwell};
}

// Every event has one new, one end, and nothing before or behind them.
void CheckLives(const std::vector<Event>& events) {
  std::map<std::string, std::vector<Event::Type>> lives;
  for (const Event& event : events) lives[event.event_id].push_back(event.type);
  for (const auto& [id, types] : lives) {
    CHECK(types.front() == Event::Type::kNew);
    CHECK(types.back() == Event::Type::kEnd);
    CHECK(std::ranges::count(types, Event::Type::kNew) == 1);
    CHECK(std::ranges::count(types, Event::Type::kEnd) == 1);
  }
}

std::size_t Count(const std::vector<Event>& events, Event::Type type) {
  return static_cast<std::size_t>(std::ranges::count(events, type, &Event::type));
}

// Everything of one kind that events tell, in order.
std::vector<std::string> All(const std::vector<Event>& events,
                             std::vector<std::string> Event::* names) {
  std::vector<std::string> all;
  for (const Event& event : events) {
    all.insert(all.end(), (event.*names).begin(), (event.*names).end());
  }
  return all;
}

TEST_CASE("events: one who walks through has one new and one end, with its times and its way") {
  SyntheticScene scene({Person(kThrough)});
  scene.Run(30);
  const auto& events = scene.events();
  REQUIRE(events.size() == 2);
  CheckLives(events);
  CHECK(events[0].event_id == "f27-1");  // the third of its frames
  CHECK(events[0].camera_id == "yard");
  CHECK(events[0].class_name == "person");
  CHECK(events[0].start == std::chrono::seconds(5));
  CHECK(events[1].end == std::chrono::seconds(17));
  CHECK(events[1].frame_id == "f85");
  CHECK(events[1].reason == Event::kLost);
  CHECK(events[1].path.size() <= 32);
  CHECK(events[1].path.front().x == Approx(20).margin(5));
  CHECK(events[1].path.back().x == Approx(980).margin(15));
}

TEST_CASE("events: where time begins anew each life has its end, and no end before its begin") {
  Tracker tracker({});
  EventMaker maker({}, "origin");
  std::vector<Event> events;
  const auto frames = [&](int from, int to) {
    for (int i = from; i < to; ++i) {
      const std::vector<Observation> seen = {
          {"cat", 0.9, {100 + 15 * (i - from), 100, 150 + 15 * (i - from), 150}}};
      tracker.Update(i * kFrameTime, seen);
      auto more = maker.Update({"yard", "f" + std::to_string(i), tracker.now(), 1000, 500},
                               tracker.tracks(), tracker.ended());
      events.insert(events.end(), more.begin(), more.end());
    }
  };
  for (int loop = 0; loop < 3; ++loop) frames(0, 50);
  auto more = maker.Finish();
  events.insert(events.end(), more.begin(), more.end());
  CheckLives(events);
  CHECK(Count(events, Event::Type::kNew) == 3);
  for (const Event& event : events) {
    CHECK(event.time >= event.start);
    CHECK(event.end.value_or(event.time) >= event.start);
    CHECK(event.event_id.ends_with("-origin"));
  }
}

TEST_CASE("events: who leaves for long and comes back is another event") {
  SyntheticScene scene({Person(kThrough), Person({{30, 980, 300}, {42, 20, 300}})});
  scene.Run(60);
  CheckLives(scene.events());
  CHECK(Count(scene.events(), Event::Type::kNew) == 2);
}

TEST_CASE("events: a zone is entered and left once, when it is") {
  SyntheticScene scene({Person(kThrough), {"dog", 50, 40, {{5, 20, 400}, {17, 980, 400}}}}, {},
                       {.zones = {Yard()}});
  scene.Run(30);
  const auto& events = scene.events();
  CheckLives(events);
  CHECK(Count(events, Event::Type::kNew) == 1);  // the dog is none of the zone's
  CHECK(All(events, &Event::entered) == std::vector<std::string>{"yard"});
  // At 80 pixels a second the middle is passed at 11 s; a box lags and trembles by a frame.
  CHECK(events[0].time >= std::chrono::milliseconds(10'800));
  CHECK(events[0].time <= std::chrono::milliseconds(11'400));
  CHECK(events[0].zones == std::vector<std::string>{"yard"});
  CHECK(events[0].start == std::chrono::seconds(5));
}

TEST_CASE("events: a zone is entered only after its dwell") {
  const auto dwell = std::chrono::seconds(5);
  // 4 s inside, out, and then 8 s inside.
  const std::vector<Waypoint> way = {{0, 400, 300},  {2, 480, 300},  {3, 560, 300},  {6, 560, 300},
                                     {7, 440, 300},  {12, 440, 300}, {13, 560, 300}, {20, 560, 300},
                                     {21, 440, 300}, {25, 440, 300}};
  SyntheticScene scene({Person(way)}, {}, {.zones = {Yard(dwell)}});
  scene.Run(40);
  const auto& events = scene.events();
  CheckLives(events);
  CHECK(All(events, &Event::entered) == std::vector<std::string>{"yard"});
  CHECK(All(events, &Event::left) == std::vector<std::string>{"yard"});
  REQUIRE_FALSE(events.empty());
  CHECK(events[0].time >= std::chrono::milliseconds(17'200));
  CHECK(events[0].time <= std::chrono::milliseconds(18'000));
}

TEST_CASE("events: a line is crossed once each way, whoever trembles on it") {
  const Line gate{
      "gate", {0.5, 0.2}, {0.5, 1.0}, {}};  // seen downwards: its right is the left side
  SyntheticScene scene({Person(kThrough), Person({{5, 980, 450}, {17, 20, 450}}),
                        Person({{20, 20, 300}, {26, 499, 300}, {40, 501, 300}, {46, 20, 300}}),
                        Person({{5, 20, 90}, {17, 980, 90}})},
                       {}, {.lines = {gate}});
  scene.Run(60);
  const auto& events = scene.events();
  CheckLives(events);
  std::vector<std::pair<std::string, bool>> crossed;
  for (const Event& event : events) {
    for (const auto& crossing : event.crossed)
      crossed.emplace_back(crossing.line, crossing.to_right);
  }
  std::ranges::sort(crossed);
  CHECK(crossed == std::vector<std::pair<std::string, bool>>{{"gate", false}, {"gate", true}});
  CHECK(Count(events, Event::Type::kNew) == 2);
}

TEST_CASE("events: a parked car costs none until it drives off") {
  const std::vector<Waypoint> parked = {{0, 300, 300}, {60, 300, 300}};
  SyntheticScene still({{"car", 160, 80, parked}, Person(kThrough)});
  still.Run(60);
  CHECK(Count(still.events(), Event::Type::kNew) == 1);  // who walks past it
  CheckLives(still.events());

  std::vector<Waypoint> leaving = parked;
  leaving.push_back({68, 990, 300});
  SyntheticScene scene({{"car", 160, 80, leaving}});
  scene.Run(80);
  CheckLives(scene.events());
  REQUIRE(Count(scene.events(), Event::Type::kNew) == 1);
  CHECK(scene.events()[0].time > std::chrono::seconds(60));
  CHECK(scene.events()[0].start == std::chrono::seconds(0));
}

TEST_CASE("events: a bag that is left is told as it comes and as it stays, and no more") {
  SyntheticScene scene({{"bag", 40, 40, {{12, 480, 320}, {100, 480, 320}}}, Person(kThrough)});
  scene.Run(90);
  scene.Finish();
  std::vector<Event> bag;
  for (const Event& event : scene.events()) {
    if (event.class_name == "bag") bag.push_back(event);
  }
  REQUIRE(bag.size() == 3);
  CHECK(bag[0].type == Event::Type::kNew);
  CHECK_FALSE(bag[0].stationary);
  CHECK(bag[1].type == Event::Type::kUpdate);
  CHECK(bag[1].stationary);
  CHECK(bag[1].time == std::chrono::seconds(22));
  CHECK(bag[2].reason == Event::kSourceEnd);
  CHECK(bag[2].end == std::chrono::seconds(90));
  CheckLives(scene.events());
}

TEST_CASE("events: a scene that comes later counts from then on, and ends nothing") {
  SyntheticScene scene({Person(kThrough)});
  scene.Run(8);
  CHECK(Count(scene.events(), Event::Type::kNew) == 1);
  scene.UseScene({.zones = {Yard()}});
  scene.Run(30);
  CheckLives(scene.events());
  CHECK(scene.events().size() == 3);
  CHECK(All(scene.events(), &Event::entered) == std::vector<std::string>{"yard"});
}

TEST_CASE("events: with a new scene a zone that is as before is not entered again") {
  const Zone far{"far", {{0.9, 0}, {1, 0}, {1, 1}, {0.9, 1}}};
  SyntheticScene scene({Person(kThrough)}, {}, {.zones = {Yard()}});
  scene.Run(13);
  CHECK(All(scene.events(), &Event::entered) == std::vector<std::string>{"yard"});
  scene.UseScene({.zones = {far, Yard()}});
  scene.Run(30);
  CheckLives(scene.events());
  CHECK(All(scene.events(), &Event::entered) == std::vector<std::string>{"yard", "far"});
  CHECK(scene.events().back().zones == std::vector<std::string>{"far", "yard"});
}

TEST_CASE(
    "events: a zone that is drawn anew is entered anew, and one that is gone is told no more") {
  SyntheticScene scene({Person(kThrough)}, {}, {.zones = {Yard()}});
  scene.Run(13);
  Zone larger = Yard();
  larger.polygon[0].x = larger.polygon[3].x = 0.25;
  scene.UseScene({.zones = {larger}});
  scene.Run(14);
  CHECK(All(scene.events(), &Event::entered) == std::vector<std::string>{"yard", "yard"});
  scene.UseScene({});
  scene.Run(30);
  CheckLives(scene.events());
  CHECK(Count(scene.events(), Event::Type::kNew) == 1);
  CHECK(All(scene.events(), &Event::left).empty());
  CHECK(scene.events().back().zones.empty());
}

TEST_CASE("events: who matters to no zone becomes no event when one is drawn anew") {
  SyntheticScene scene({{"dog", 50, 40, {{5, 20, 400}, {17, 980, 400}}}}, {}, {.zones = {Yard()}});
  scene.Run(10);
  scene.UseScene({.zones = {Yard(std::chrono::seconds(1))}});
  scene.Run(30);
  CHECK(scene.events().empty());
}

TEST_CASE("events: who is cut off by the picture's edge is in a zone that reaches it") {
  Track person;
  person.serial = person.id = 1;
  person.class_name = "person";
  person.is_seen = true;
  for (const frame::Bbox& at : {frame::Bbox{600, 400, 700, kSceneHeight},
                                frame::Bbox{960, 380, kSceneWidth + 40, kSceneHeight}}) {
    EventMaker maker({.zones = {Yard()}});
    person.box = Box::Of(at);
    const auto events = maker.Update({"yard", "f", {}, kSceneWidth, kSceneHeight}, {person}, {});
    REQUIRE(events.size() == 1);
    CHECK(events[0].entered == std::vector<std::string>{"yard"});
  }
}

TEST_CASE("events: what a parked car's box does at a zone's edge is kept up to a bound") {
  EventMaker maker({.zones = {{"yard", {{0.5, 0}, {1, 0}, {1, 1}, {0.5, 1}}}}});
  Track car;
  car.serial = car.id = 1;
  car.class_name = "car";
  car.is_seen = car.was_there = true;
  FrameFacts frame{"yard", "f", {}, kSceneWidth, kSceneHeight};
  const auto see = [&](int middle) {
    frame.at += std::chrono::seconds(1);
    car.box = Box::Of({middle - 50, 200, middle + 50, 300});
    return maker.Update(frame, {car}, {});
  };
  for (int i = 0; i < 100; ++i) {
    CHECK(see(600).empty());
    CHECK(see(400).empty());
    CHECK(see(400).empty());
  }
  car.has_moved = true;
  const auto events = see(600);
  REQUIRE(events.size() == 1);
  CHECK(events[0].entered.size() == 16);
  CHECK(events[0].left.size() == 16);
}

TEST_CASE("events: the same frames give the same bytes") {
  const auto run = [] {
    SyntheticScene scene({Person(kThrough), Person({{4, 980, 310}, {18, 20, 310}})}, {},
                         {.zones = {Yard()}});
    scene.Run(30);
    scene.Finish();
    return scene.Json();
  };
  const std::string first = run();
  CHECK_FALSE(first.empty());
  CHECK(run() == first);
}

TEST_CASE("geometry: left and right") {
  CHECK(Side({0.5, 0.9}, {0, 0.5}, {1, 0.5}) > 0);
  const Line line{"l", {0, 0.5}, {0.4, 0.5}, {}};
  CHECK(Meets({0.2, 0.4}, {0.2, 0.6}, line));
  CHECK_FALSE(Meets({0.6, 0.4}, {0.6, 0.6}, line));
}

TEST_CASE("events: the picture is the first frame's, then only one in which it is clearly surer") {
  Tracker tracker({});
  EventMaker maker({}, "origin");
  std::vector<frame::Snapshot> best;
  std::vector<Event> events;
  const double sure[] = {0.9, 0.6, 0.6, 0.62, 0.66, 0.5, 0.69, 0.72, 0.72, 0.3};
  for (int i = 0; i < 30; ++i) {
    std::vector<Observation> seen;
    if (i >= 10 && i < 20) {
      seen = {{"cat", sure[i - 10], {100 + 15 * i, 100, 150 + 15 * i, 150}}};
    }
    tracker.Update(i * kFrameTime, seen);
    std::vector<frame::Snapshot> now;
    auto more = maker.Update({"yard", "f" + std::to_string(i), tracker.now(), 1000, 500, &now},
                             tracker.tracks(), tracker.ended());
    for (frame::Snapshot& each : now) {
      each.detection.detector = "f" + std::to_string(i);
      best.push_back(std::move(each));
    }
    events.insert(events.end(), more.begin(), more.end());
  }
  // What was sure before it was told of has no picture; 0.69 is not clearly surer than 0.66.
  REQUIRE(best.size() == 3);
  CHECK(best[0].detection.detector == "f12");
  CHECK(best[1].detection.detector == "f14");
  CHECK(best[2].detection.detector == "f17");
  CHECK(best[2].detection.confidence == 0.72);
  CHECK(best[2].detection.bbox == frame::Bbox{355, 100, 405, 150});
  REQUIRE_FALSE(events.empty());
  for (const Event& event : events) {
    CHECK(event.has_snapshot);
    CHECK(event.event_id == best[0].event_id);
  }
}

TEST_CASE("events: where no pictures are kept they tell of none") {
  SyntheticScene scene({Person(kThrough)});
  scene.Run(30);
  for (const Event& event : scene.events()) CHECK_FALSE(event.has_snapshot);
}

}  // namespace
}  // namespace sampleproc::track

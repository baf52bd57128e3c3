#include "consumer/waiting_room.h"

#include <catch2/catch.hpp>
#include <optional>
#include <string>

namespace sampleproc::consumer {
namespace {

HeldPtr Held(const std::string& id, std::optional<std::string> camera, int deliveries = 1,
             int taken = 0) {
  static std::uint64_t number = 0;
  auto held = std::make_shared<HeldFrame>();
  held->number = ++number;
  held->delivery.entry.frame_id = id;
  held->delivery.entry.camera_id = std::move(camera);
  held->delivery.deliveries = deliveries;
  held->state = FrameState::kReady;
  held->taken = base::WallTime(std::chrono::seconds(taken));
  return held;
}

HeldPtr Take(WaitingRoom& room, base::MonoTime now = {}) {
  HeldPtr next = room.NextReady(now);
  if (next) room.Remove(*next, true);
  return next;
}

std::string TakeAll(WaitingRoom& room) {
  std::string ids;
  while (const auto held = Take(room)) ids += held->delivery.entry.frame_id + ' ';
  return ids;
}

TEST_CASE("cameras take turns, and the frames of one stay in order") {
  WaitingRoom room(Policy::kFifo);
  CHECK(room.NextReady({}) == nullptr);
  CHECK_FALSE(room.Oldest());
  room.Add(Held("a1", "a", 1, 50));
  room.Add(Held("a2", "a", 1, 40));
  room.Add(Held("a3", "a", 1, 40));
  room.Add(Held("b1", "b", 1, 60));
  room.Add(Held("x", std::nullopt, 1, 60));
  room.Add(Held("y", std::nullopt, 1, 60));
  CHECK(room.size() == 6);
  CHECK(room.lanes() == 3);
  CHECK(room.Oldest() == base::WallTime(std::chrono::seconds(40)));
  CHECK(TakeAll(room) == "a1 b1 x a2 y a3 ");
  CHECK(room.lanes() == 0);
}

TEST_CASE("turns go by the time that frames take, measured or as usual for their camera") {
  using std::chrono::milliseconds;
  WaitingRoom room(Policy::kFifo);
  const auto add = [&](const std::string& ids) {
    for (const char id : ids) room.Add(Held(std::string(1, id), std::string(1, id)));
  };
  const auto take = [&](bool comes_back) {
    const HeldPtr next = Take(room);
    const std::string id = next->delivery.entry.frame_id;
    if (comes_back) room.CameBack(*next, id == "L" ? milliseconds(40) : milliseconds(10));
    return id;
  };
  add("LLLaaaaaaaaaabbbbbbbbbb");
  std::string order;
  for (int i = 0; i < 10; ++i) order += take(true);
  CHECK(order == "LababababL");
  order.clear();
  for (int i = 0; i < 9; ++i) order += take(false);
  CHECK(order == "ababababL");
  // One that had no frames begins where the others are.
  add("cccc");
  order.clear();
  for (int i = 0; i < 6; ++i) order += take(true);
  CHECK(order == "cabcab");
}

TEST_CASE("what is tried again comes before its camera's later frames") {
  WaitingRoom room(Policy::kFifo);
  room.Add(Held("1", "a"));
  room.Add(Held("2", "a"));
  room.Add(Held("3", "a"));
  auto first = Take(room);
  auto second = Take(room);
  room.PutBack(std::move(second));
  room.PutBack(std::move(first));
  CHECK(TakeAll(room) == "1 2 3 ");
}

TEST_CASE("a frame that is not ready holds up its camera and nobody else") {
  WaitingRoom room(Policy::kFifo);
  const auto waits = Held("a1", "a");
  const auto pauses = Held("b1", "b");
  const auto alone = Held("x", std::nullopt);
  waits->state = FrameState::kFetching;
  pauses->not_before = base::MonoTime(std::chrono::seconds(1));
  alone->state = FrameState::kWaiting;
  for (const auto& held : {waits, Held("a2", "a"), pauses, Held("b2", "b"), alone,
                           Held("y", std::nullopt), Held("c1", "c")}) {
    room.Add(held);
  }
  CHECK(room.Blocked({}) == 5);
  CHECK(TakeAll(room) == "y c1 ");
  waits->state = FrameState::kReady;
  CHECK(TakeAll(room) == "a1 a2 ");
  CHECK(room.NextReady(base::MonoTime(std::chrono::seconds(1)))->delivery.entry.frame_id == "b1");
}

TEST_CASE("pixels are fetched ahead within a camera, for the one with fewest first") {
  WaitingRoom room(Policy::kFifo);
  for (const char* id : {"a1", "a2", "a3", "b1"}) {
    const auto held = Held(id, std::string(1, id[0]));
    held->state = FrameState::kWaiting;
    held->places = {{PixelPlace::Kind::kUrl, id, id[0] == 'a' ? "one" : "two"}};
    room.Add(held);
  }
  std::string order;
  using Asking = WaitingRoom::Asking;
  const auto any = [](const PixelPlace&) { return Asking::kYes; };
  while (const auto next = room.NextToFetch({}, 2, any)) {
    order += next->delivery.entry.frame_id + ' ';
    next->state = FrameState::kFetching;
  }
  CHECK(order == "a1 b1 a2 ");
  const auto not_one = [](const PixelPlace& place) {
    return place.host == "one" ? Asking::kNo : Asking::kYes;
  };
  CHECK(room.NextToFetch({}, 3, not_one) == nullptr);
  CHECK(room.NextToFetch({}, 3, any)->delivery.entry.frame_id == "a3");
}

TEST_CASE("one more is fetched ahead for each failure of a camera's first frame") {
  WaitingRoom room(Policy::kFifo);
  const HeldPtr first = Held("first", "a");
  first->state = FrameState::kFetching;
  room.Add(first);
  for (int i = 0; i < 30; ++i) {
    const auto held = Held(std::to_string(i), "a");
    held->state = FrameState::kWaiting;
    held->places = {{PixelPlace::Kind::kUrl, "x", "one"}};
    room.Add(held);
  }
  const auto any = [](const PixelPlace&) { return WaitingRoom::Asking::kYes; };
  const auto fetch_all = [&] {
    int count = 0;
    while (const auto next = room.NextToFetch({}, 4, any)) {
      next->state = FrameState::kReady;
      ++count;
    }
    return count;
  };
  CHECK(fetch_all() == 3);
  for (int failure = 1; failure <= 3; ++failure) {
    first->trials.failures = failure;
    CHECK(fetch_all() == 1);
  }
  first->trials.failures = 1'000;
  CHECK(fetch_all() == 13);  // sixteen beyond the three, and no more
  CHECK(fetch_all() == 0);
}

TEST_CASE("a host's trial is for a frame that has not failed there, wherever in its lane") {
  WaitingRoom room(Policy::kFifo);
  for (const char* id : {"a1", "a2", "a3"}) {
    const auto held = Held(id, "a");
    held->state = FrameState::kWaiting;
    held->places = {{PixelPlace::Kind::kUrl, id, "one"}};
    held->host_failures = id[1] == '3' ? 0 : 5;
    room.Add(held);
  }
  const auto trial = [](const PixelPlace&) { return WaitingRoom::Asking::kTrial; };
  CHECK(room.NextToFetch({}, 1, trial)->delivery.entry.frame_id == "a3");
}

// Of the camera that its name begins with.
HeldPtr HeldFor(const std::string& id, std::chrono::milliseconds max_age) {
  HeldPtr held = Held(id, std::string(1, id[0]));
  held->max_age = max_age;
  return held;
}

TEST_CASE("room is made by the oldest frame of the camera with most work") {
  WaitingRoom room(Policy::kFifo);
  constexpr std::chrono::milliseconds kAge{1'000};
  CHECK(room.OldestOfMost() == nullptr);
  for (const char* id : {"k1", "k2", "k3"}) room.Add(Held(id, "k"));  // dropped at no age
  CHECK(room.OldestOfMost() == nullptr);
  for (const char* id : {"b1", "a1", "a2", "c1", "c2"}) room.Add(HeldFor(id, kAge));
  CHECK(room.droppable() == 5);
  std::string order;
  while (const auto oldest = room.OldestOfMost()) {
    order += oldest->delivery.entry.frame_id + ' ';
    room.Remove(*oldest, false);
  }
  CHECK(order == "a1 c1 b1 a2 c2 ");
  CHECK(room.droppable() == 0);
  while (Take(room)) {
  }

  using std::chrono::milliseconds;
  for (const char* id : {"L0", "a0"}) {
    room.Add(Held(id, std::string(1, id[0])));
    const HeldPtr held = Take(room);
    room.CameBack(*held, id[0] == 'L' ? milliseconds(40) : milliseconds(10));
  }
  for (const char* id : {"a1", "a2", "a3", "L1", "L2"}) room.Add(HeldFor(id, kAge));
  const auto too_much = [&](int possible) {
    return room.OldestOfTooMuch([&](milliseconds) { return milliseconds(possible); });
  };
  CHECK(too_much(3 * 10 + 2 * 40) == nullptr);
  CHECK(too_much(3 * 10 + 2 * 40 - 1)->delivery.entry.frame_id == "L1");
  order.clear();
  while (const auto oldest = room.OldestOfMost()) {
    order += oldest->delivery.entry.frame_id + ' ';
    room.Remove(*oldest, false);
  }
  CHECK(order == "L1 a1 a2 L2 a3 ");
}

TEST_CASE("how much of a camera may wait goes by its own max_age, and by what others take") {
  using std::chrono::milliseconds;
  WaitingRoom room(Policy::kFifo);
  for (const char* id : {"k0", "s0", "l0"}) {
    room.Add(HeldFor(id, {}));
    room.CameBack(*Take(room), milliseconds(10));
  }
  for (int i = 1; i <= 9; ++i) {
    room.Add(HeldFor("k" + std::to_string(i), {}));  // dropped at no age
    room.Add(HeldFor("s" + std::to_string(i), milliseconds(100)));
    room.Add(HeldFor("l" + std::to_string(i), milliseconds(1'000)));
  }
  CHECK(room.droppable() == 18);
  CHECK(room.Blocked({}) == 0);
  room.OldestOfMost()->not_before = base::MonoTime(milliseconds(1));  // "s1", for the others too
  CHECK(room.Blocked({}) == 9);
  CHECK(room.Blocked({}, WaitingRoom::Of::kKept) == 0);
  CHECK(room.OldestOfTooMuch([](milliseconds) { return std::nullopt; }) == nullptr);
  const auto drop_all = [&](int share) {
    std::string order;
    const WaitingRoom::CanBeDone half = [&](milliseconds max_age) { return max_age / share; };
    while (const auto oldest = room.OldestOfTooMuch(half)) {
      order += oldest->delivery.entry.frame_id + ' ';
      room.Remove(*oldest, false);
    }
    return order;
  };
  // One of each camera takes 30 ms, so in 50 the last of one can be done, and in 500 all.
  CHECK(drop_all(2) == "s1 s2 s3 s4 s5 s6 s7 s8 ");
  // All takes 190 ms.
  CHECK(drop_all(5).empty());
  CHECK(drop_all(10) == "l1 l2 l3 l4 l5 ");
  CHECK(room.droppable() == 5);
}

TEST_CASE("latest keeps the newest of each camera") {
  WaitingRoom room(Policy::kLatest);
  room.Add(Held("a1", "a"));
  room.Add(Held("b1", "b"));
  const auto replaced = room.Add(Held("a2", "a")).Pop();
  REQUIRE(replaced);
  CHECK(replaced->delivery.entry.frame_id == "a1");
  CHECK(room.Add(Held("x", std::nullopt)).empty());
  CHECK(room.Add(Held("y", std::nullopt)).empty());
  CHECK(TakeAll(room) == "b1 a2 x y ");
}

TEST_CASE("latest does not take a frame back beside a newer one of its camera") {
  WaitingRoom room(Policy::kLatest);
  room.Add(Held("a1", "a"));
  auto first = Take(room);
  room.Add(Held("b1", "b"));
  room.Add(Held("a2", "a"));
  const auto obsolete = room.PutBack(std::move(first));
  REQUIRE(obsolete);
  CHECK(obsolete->delivery.entry.frame_id == "a1");
  CHECK(TakeAll(room) == "b1 a2 ");
}

TEST_CASE("a suspect neither replaces nor is replaced, so that its fate is found out") {
  WaitingRoom room(Policy::kLatest);
  room.Add(Held("a1", "a", 2));
  CHECK(room.Add(Held("a2", "a")).empty());
  CHECK(room.Add(Held("a3", "a", 3)).empty());
  CHECK(TakeAll(room) == "a1 a2 a3 ");
}

// Its pixels are at a host.
HeldPtr ToFetch(const std::string& id, const std::string& camera) {
  const auto held = Held(id, camera);
  held->state = FrameState::kWaiting;
  held->places = {{PixelPlace::Kind::kUrl, id, "host"}};
  return held;
}

std::string Ids(HeldList list) {
  std::string ids;
  while (const HeldPtr held = list.Pop()) ids += held->delivery.entry.frame_id + ' ';
  return ids;
}

WaitingRoom::Permit Any(const PixelPlace&) { return WaitingRoom::Asking::kYes; }

HeldPtr BeginFetch(WaitingRoom& room) {
  const HeldPtr next = room.NextToFetch({}, 4, Any);
  if (!next) return next;
  next->state = FrameState::kFetching;
  next->fetch_begun = true;
  return next;
}

TEST_CASE("latest lets a fetch come to its end, and the newest frame waits behind it") {
  WaitingRoom room(Policy::kLatest);
  CHECK(room.Add(ToFetch("a1", "a")).empty());
  const HeldPtr fetched = BeginFetch(room);
  REQUIRE(fetched);
  CHECK(Ids(room.Add(ToFetch("a2", "a"))).empty());
  CHECK(Ids(room.Add(ToFetch("a3", "a"))) == "a2 ");
  CHECK(Ids(room.Add(ToFetch("a4", "a"))) == "a3 ");
  CHECK(room.size() == 2);
  CHECK(BeginFetch(room) == nullptr);  // one at a time
  fetched->state = FrameState::kReady;
  fetched->fetched = "pixels";
  CHECK(BeginFetch(room) == nullptr);  // nor before a worker has it
  CHECK(Take(room) == fetched);
  const HeldPtr newest = BeginFetch(room);
  REQUIRE(newest);
  CHECK(newest->delivery.entry.frame_id == "a4");
  // One whose fetch failed is as any that waits.
  newest->state = FrameState::kWaiting;
  newest->fetch_begun = false;
  CHECK(room.NewerThan(*newest) == nullptr);
  CHECK(Ids(room.Add(ToFetch("a5", "a"))) == "a4 ");
}

TEST_CASE("latest replaces a fetched frame that waits for a worker for long, at last not") {
  using std::chrono::milliseconds;
  WaitingRoom room(Policy::kLatest);
  room.Add(ToFetch("a0", "a"));
  base::MonoTime now{};
  HeldPtr last;
  for (int renewals = 0; renewals < 4; ++renewals) {
    const HeldPtr held = BeginFetch(room);
    REQUIRE(held);
    CHECK(held->renewals == renewals);
    held->state = FrameState::kReady;
    held->since = now;
    held->fetch_took = milliseconds(100);
    const auto patience = milliseconds(100) * (1 << renewals);
    now += patience - milliseconds(1);
    CHECK(Ids(room.Add(ToFetch("behind", "a"), now)).empty());
    now += milliseconds(1);
    last = ToFetch("next", "a");
    CHECK(Ids(room.Add(last, now)) == held->delivery.entry.frame_id + " behind ");
  }
}

TEST_CASE("with latest a frame has the turn of the one that it replaces") {
  WaitingRoom room(Policy::kLatest);
  room.Add(ToFetch("often1", "often"));
  room.Add(ToFetch("rarely", "rarely"));
  room.Add(ToFetch("often2", "often"));
  CHECK(room.NextToFetch({}, 4, Any)->delivery.entry.frame_id == "often2");
}

TEST_CASE("what is being fetched is not dropped for its age's sake") {
  WaitingRoom room(Policy::kFifo);
  for (const char* id : {"a1", "a2"}) {
    const HeldPtr held = ToFetch(id, "a");
    held->max_age = std::chrono::seconds(1);
    room.Add(held);
  }
  BeginFetch(room);
  CHECK(room.OldestOfMost()->delivery.entry.frame_id == "a2");
}

TEST_CASE("the places of lower levels are asked first") {
  WaitingRoom room(Policy::kFifo);
  for (const char* id : {"high", "low"}) {
    const HeldPtr held = ToFetch(id, id);
    held->places.front().host = id;
    room.Add(held);
  }
  const auto by_level = [](const PixelPlace& place) {
    return WaitingRoom::Permit(WaitingRoom::Asking::kYes, place.host == "high" ? 2 : 1);
  };
  CHECK(room.NextToFetch({}, 4, by_level)->delivery.entry.frame_id == "low");
}

TEST_CASE("heavy frames wait for each other, and take no room from others") {
  WaitingRoom room(Policy::kFifo, 100);
  const auto heavy = [&](const std::string& camera) {
    HeldPtr frame = Held(camera, camera);
    frame->delivery.entry.frame_data.resize(40);
    return frame;
  };
  const auto comes_back = [&](const HeldPtr& frame, bool was_heavy) {
    frame->heavy = was_heavy;
    room.CameBack(*frame, std::chrono::milliseconds(500));
  };
  for (int i = 0; i < 5; ++i) room.Add(heavy("L"));
  CHECK(room.Blocked({}) == 0);  // nobody knows
  comes_back(Take(room), true);
  CHECK(room.Blocked({}) == 2);  // but for the next one, and one is beyond the 100 bytes
  const HeldPtr first = Take(room);
  REQUIRE(first);
  REQUIRE(Take(room));
  CHECK(room.Blocked({}) == 2);
  CHECK_FALSE(Take(room));
  room.Add(Held("s", "s"));
  CHECK(Take(room)->delivery.entry.frame_id == "s");
  CHECK_FALSE(Take(room));
  comes_back(first, true);
  CHECK(Take(room));
  CHECK_FALSE(Take(room));
}

TEST_CASE("a camera whose frames have become small is no longer a heavy one") {
  WaitingRoom room(Policy::kFifo);
  for (int i = 0; i < 4; ++i) room.Add(Held("L", "L"));
  const HeldPtr first = Take(room);
  first->heavy = true;
  room.CameBack(*first, std::chrono::milliseconds(500));
  CHECK(room.Blocked({}) == 2);
  const HeldPtr second = Take(room);
  second->heavy = false;
  room.CameBack(*second, std::chrono::milliseconds(5));
  CHECK(room.Blocked({}) == 0);
}

}  // namespace
}  // namespace sampleproc::consumer

#include "consumer/waiting_room.h"

#include <catch2/catch.hpp>
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
  held->taken = base::WallTime(std::chrono::seconds(taken));
  return held;
}

std::string TakeAll(WaitingRoom& room) {
  std::string ids;
  while (const auto held = room.TakeNext()) ids += held->delivery.entry.frame_id + ' ';
  return ids;
}

TEST_CASE("fifo keeps every frame in order") {
  WaitingRoom room(Policy::kFifo);
  CHECK(room.Next() == nullptr);
  CHECK_FALSE(room.Oldest());
  CHECK(room.Add(Held("1", "a", 1, 50)) == nullptr);
  CHECK(room.Add(Held("2", "a", 1, 40)) == nullptr);
  CHECK(room.Add(Held("3", "b", 1, 60)) == nullptr);
  CHECK(room.Oldest() == base::WallTime(std::chrono::seconds(40)));
  CHECK(room.Next()->delivery.entry.frame_id == "1");
  auto first = room.TakeNext();
  auto second = room.TakeNext();
  CHECK(room.PutBack(std::move(first)) == nullptr);
  CHECK(room.PutBack(std::move(second)) == nullptr);
  CHECK(TakeAll(room) == "1 2 3 ");
}

TEST_CASE("latest keeps the newest of each camera, in the place of the one before") {
  WaitingRoom room(Policy::kLatest);
  room.Add(Held("a1", "a"));
  room.Add(Held("b1", "b"));
  const auto replaced = room.Add(Held("a2", "a"));
  REQUIRE(replaced);
  CHECK(replaced->delivery.entry.frame_id == "a1");
  CHECK(room.Add(Held("x", std::nullopt)) == nullptr);
  CHECK(room.Add(Held("y", std::nullopt)) == nullptr);
  CHECK(TakeAll(room) == "a2 b1 x y ");
}

TEST_CASE("latest does not take a frame back beside a newer one of its camera") {
  WaitingRoom room(Policy::kLatest);
  room.Add(Held("a1", "a"));
  auto first = room.TakeNext();
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
  CHECK(room.Add(Held("a2", "a")) == nullptr);
  CHECK(room.Add(Held("a3", "a", 3)) == nullptr);
  CHECK(TakeAll(room) == "a1 a2 a3 ");
}

}  // namespace
}  // namespace sampleproc::consumer

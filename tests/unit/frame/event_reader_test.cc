#include "frame/event_reader.h"

#include <catch2/catch.hpp>

namespace sampleproc::frame {
namespace {

std::string Json(const Event& event) {
  std::string json;
  AppendEventJson(event, json);
  return json;
}

TEST_CASE("an event reads back as it was written") {
  Event event{.event_id = "f \"1\"-7",
              .type = Event::Type::kUpdate,
              .camera_id = "door",
              .class_name = "person",
              .confidence = 0.875,
              .start = std::chrono::microseconds(1'753'787'696'500'001),
              .time = std::chrono::microseconds(1'753'787'699'123'457),
              .frame_id = "f-9",
              .track_id = 7,
              .bbox = {1, -2, 300, 4000},
              .zones = {"porch", "yard"},
              .entered = {"yard"},
              .left = {"street"},
              .crossed = {{"gate", true}, {"fence", false}},
              .stationary = true,
              .path = {{1, 2}, {-3, 4}},
              .has_snapshot = true,
              .has_clip = true};
  CHECK(ReadEvent(Json(event)).value() == event);
  event.type = Event::Type::kEnd;
  event.end = event.time;
  event.reason = Event::kRestart;
  CHECK(ReadEvent(Json(event)).value() == event);
  Event bare;
  bare.event_id = "a";
  CHECK(ReadEvent(Json(bare)).value() == bare);
}

TEST_CASE("an event's picture has a path into which any id fits") {
  CHECK(SnapshotPath("a/b ?\xC3\xA4-1.~_z") == "/events/a%2Fb%20%3F%C3%A4-1.~_z/snapshot.jpg");
}

TEST_CASE("an event's clip has a path likewise") {
  CHECK(ClipPath("a/b ?\xC3\xA4-1.~_z") == "/events/a%2Fb%20%3F%C3%A4-1.~_z/clip");
}

TEST_CASE("what is no event is refused") {
  for (const char* text :
       {"", "{}", "[]", "{\"event_id\":\"\"}", "{\"event_id\":\"a\"", "nonsense"}) {
    const auto read = ReadEvent(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == base::ErrorCode::kIo);
  }
}

}  // namespace
}  // namespace sampleproc::frame

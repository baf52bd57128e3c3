#include "mqtt/board.h"

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace sampleproc::mqtt {
namespace {

using Entity = Topics::Entity;
using Type = frame::Event::Type;

frame::Event EventOf(const std::string& camera, const std::string& id, Type type,
                     const std::string& class_name = "person") {
  frame::Event event;
  event.camera_id = camera;
  event.event_id = id;
  event.type = type;
  event.class_name = class_name;
  return event;
}

class AtBroker {
 public:
  explicit AtBroker(Board::Settings settings = {}) : board(topics, settings) {}

  // Publishes all that waits. Cleared topics are gone.
  void Publish() {
    while (auto message = board.Next(true)) {
      ++published;
      if (message->payload().empty()) {
        kept.erase(message->topic);
      } else {
        kept[message->topic] = message->payload();
      }
    }
  }

  bool Take(const frame::Event& event) { return board.Take(event, now); }

  base::MonoTime now{std::chrono::hours(1)};
  Topics topics{Options{}, "1.0"};
  Board board;
  std::map<std::string, std::string> kept;
  int published = 0;
};

TEST_CASE("A camera's classes are counted by their open events", "[mqtt]") {
  AtBroker at;
  at.Take(EventOf("door", "e1", Type::kNew));
  at.Take(EventOf("door", "e2", Type::kNew));
  at.Take(EventOf("door", "e3", Type::kNew, "car"));
  at.Publish();
  CHECK(at.kept["sampleproc/door/person"] == "2");
  CHECK(at.kept["sampleproc/door/car"] == "1");
  at.Take(EventOf("door", "e1", Type::kUpdate));
  at.Publish();
  CHECK(at.kept["sampleproc/door/person"] == "2");
  at.Take(EventOf("door", "e1", Type::kEnd));
  at.Take(EventOf("door", "e1", Type::kEnd));
  at.Take(EventOf("door", "unknown", Type::kEnd));
  at.Publish();
  CHECK(at.kept["sampleproc/door/person"] == "1");
  at.Take(EventOf("door", "e2", Type::kEnd));
  at.Take(EventOf("door", "e3", Type::kEnd, "car"));
  at.Publish();
  CHECK(at.kept["sampleproc/door/person"] == "0");
  CHECK(at.kept["sampleproc/door/car"] == "0");
}

TEST_CASE("Of a count only the last value waits", "[mqtt]") {
  AtBroker at;
  at.Take(EventOf("door", "e", Type::kNew));
  at.Publish();
  const int before = at.published;
  for (int i = 0; i < 1000; ++i) {
    at.Take(EventOf("door", "x", Type::kNew));
    at.Take(EventOf("door", "x", Type::kEnd));
  }
  at.Publish();
  CHECK(at.published == before + 1);
}

TEST_CASE("Configured cameras have their entities from the start", "[mqtt]") {
  AtBroker at;
  at.board.Configure({{"door", {"person"}}, {"yard"}}, at.now);
  at.Publish();
  CHECK(at.kept["sampleproc/door/person"] == "0");
  for (const auto entity : {Entity::kCount, Entity::kOccupancy, Entity::kEvent, Entity::kImage}) {
    CHECK(at.kept.contains(at.topics.ConfigTopic(entity, "door", "person")));
  }
  CHECK(at.kept.contains(at.topics.ConfigTopic(Entity::kEvent, "yard", "")));
  CHECK(at.kept.size() == 7);
  // One that is configured no longer is cleared.
  at.board.Configure({{"yard"}}, at.now);
  at.Publish();
  CHECK(at.kept.size() == 2);
  at.board.Configure({}, at.now);
  at.Publish();
  CHECK(at.kept.empty());
}

TEST_CASE("Without discovery and pictures there are counts alone", "[mqtt]") {
  AtBroker at({.discovery = false, .snapshots = false});
  at.board.Configure({{"door", {"person"}}}, at.now);
  at.board.TakePicture("door", "e", std::make_shared<const std::string>("jpeg"));
  at.Publish();
  CHECK(at.kept.size() == 1);
  at.board.Configure({}, at.now);
  at.Publish();
  CHECK(at.kept.empty());
}

TEST_CASE("Invented cameras make no more topics than there are places", "[mqtt]") {
  AtBroker at({.max_cameras = 2, .idle = std::chrono::seconds(60)});
  at.board.Configure({{"door"}}, at.now);
  const auto cross = [&](const std::string& camera) {
    const bool first = at.Take(EventOf(camera, camera, Type::kNew));
    return at.Take(EventOf(camera, camera, Type::kEnd)) && first;
  };
  CHECK(cross("a"));
  CHECK(cross("b"));
  CHECK_FALSE(cross("c"));  // none is idle
  at.Publish();
  CHECK(at.kept.contains("sampleproc/a/person"));
  at.now += std::chrono::seconds(3);
  for (int i = 0; i < 200; ++i) {
    cross("invented-" + std::to_string(i));
    at.now += std::chrono::seconds(3);
    if (i % 7 == 0) at.Publish();
    CHECK(at.board.waiting() < 100);
    CHECK(at.board.cameras() == 3);
  }
  CHECK(cross("door"));
  at.Publish();
  std::set<std::string> counted;
  for (const auto& [topic, payload] : at.kept) {
    if (topic.ends_with("/person")) counted.insert(topic);
  }
  CHECK(counted.size() == 3);
  CHECK(at.kept.size() == 3 * 5);
}

TEST_CASE("A camera with open events keeps its place", "[mqtt]") {
  AtBroker at({.max_cameras = 1});
  at.Take(EventOf("a", "e", Type::kNew));
  at.now += std::chrono::hours(5);
  CHECK_FALSE(at.Take(EventOf("b", "e", Type::kNew)));
  at.Take(EventOf("a", "e", Type::kEnd));
  at.now += std::chrono::hours(5);
  CHECK(at.Take(EventOf("b", "e", Type::kNew)));
}

TEST_CASE("A camera has no more classes than its bound", "[mqtt]") {
  AtBroker at;
  for (std::size_t i = 0; i < Board::kMostClasses + 50; ++i) {
    at.Take(EventOf("door", "e" + std::to_string(i), Type::kNew, "class " + std::to_string(i)));
  }
  at.Publish();
  CHECK(at.kept.size() == 2 + 3 * Board::kMostClasses);
}

TEST_CASE("All comes again after a new login", "[mqtt]") {
  AtBroker at;
  at.board.Configure({{"door", {"person"}}}, at.now);
  at.Take(EventOf("door", "e", Type::kNew));
  at.board.TakePicture("door", "e", std::make_shared<const std::string>("jpeg"));
  at.Publish();
  CHECK(at.kept["sampleproc/door/snapshot"] == "jpeg");
  auto before = std::exchange(at.kept, {});
  at.board.TellAll();
  at.Publish();
  CHECK(at.kept.size() == before.size() - 1);
  const auto missing = at.board.PictureMissing();
  REQUIRE(missing);
  CHECK(missing->event_id == "e");
  CHECK_FALSE(at.board.PictureMissing());
  at.board.Supply(missing->camera, missing->event_id, std::make_shared<const std::string>("jpeg"));
  at.Publish();
  CHECK(at.kept == before);
}

TEST_CASE("What the broker kept from another time goes on or is cleared", "[mqtt]") {
  AtBroker at({.max_cameras = 1});
  at.board.Configure({{"door", {"person"}}, {"yard"}}, at.now);
  at.Publish();
  const auto config = [&](Entity entity, const char* camera, const char* class_name) {
    const std::string topic = at.topics.ConfigTopic(entity, camera, class_name);
    at.kept[topic] = "{}";
    at.board.Found(topic, "{}", at.now);
  };
  at.kept["sampleproc/door/car"] = at.kept["sampleproc/yard/car"] = at.kept["sampleproc/old/car"] =
      at.kept["sampleproc/older/car"] = "4";
  config(Entity::kCount, "door", "car");   // a class that it no longer reports
  config(Entity::kCount, "yard", "car");   // one that it may report
  config(Entity::kCount, "old", "car");    // there is a place
  config(Entity::kCount, "older", "car");  // there is none
  config(Entity::kImage, "yard", "");
  at.board.Found("homeassistant/sensor/sampleproc/no_id_/config", "{}", at.now);
  at.board.Found("homeassistant/sensor/another/old_-car/config", "{}", at.now);
  at.Publish();
  CHECK_FALSE(at.kept.contains("sampleproc/door/car"));
  CHECK_FALSE(at.kept.contains(at.topics.ConfigTopic(Entity::kCount, "door", "car")));
  CHECK(at.kept["sampleproc/yard/car"] == "0");
  CHECK(at.kept["sampleproc/old/car"] == "0");
  CHECK(at.kept[at.topics.ConfigTopic(Entity::kCount, "old", "car")] != "{}");
  CHECK_FALSE(at.kept.contains("sampleproc/older/car"));
  CHECK_FALSE(at.kept.contains(at.topics.ConfigTopic(Entity::kCount, "older", "car")));
}

TEST_CASE("Counts and pictures from another time are found without Home Assistant too", "[mqtt]") {
  AtBroker at({.discovery = false, .max_cameras = 1});
  const auto found = [&](const std::string& topic, const std::string& payload) {
    at.kept[topic] = payload;
    at.board.Found(topic, payload, at.now);
  };
  found("sampleproc/a%2Fb/car", "2");
  found("sampleproc/a%2Fb/snapshot", "\xFF\xD8 jpeg");
  found("sampleproc/older/car", "3");  // there is no place
  found("sampleproc/older/snapshot", "\xFF\xD8 jpeg");
  found("sampleproc/note/text", "keep me");  // not ours
  found("sampleproc/note/event", "{}");
  found("sampleproc/a%2fb/car", "4");
  found("other/older/car", "4");
  at.Publish();
  const std::map<std::string, std::string> left = {
      {"sampleproc/a%2Fb/car", "0"},       {"sampleproc/a%2Fb/snapshot", "\xFF\xD8 jpeg"},
      {"sampleproc/note/text", "keep me"}, {"sampleproc/note/event", "{}"},
      {"sampleproc/a%2fb/car", "4"},       {"other/older/car", "4"}};
  CHECK(at.kept == left);
}

}  // namespace
}  // namespace sampleproc::mqtt

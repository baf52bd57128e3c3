#include "mqtt/topics.h"

#include <catch2/catch.hpp>
#include <string>

namespace sampleproc::mqtt {
namespace {

using Entity = Topics::Entity;

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("Topics of an instance lie below its own", "[mqtt]") {
  Options options;
  options.topic = "site/yard";
  options.discovery_prefix = "ha";
  const Topics topics(options, "1.2");
  CHECK(topics.Availability() == "site/yard/availability");
  CHECK(topics.Count("door", "person") == "site/yard/door/person");
  CHECK(topics.Count("a/b", "event") == "site/yard/a%2Fb/%65vent");
  CHECK(topics.Event("door") == "site/yard/door/event");
  CHECK(topics.Snapshot("door") == "site/yard/door/snapshot");
  CHECK(topics.HomeStatus() == "ha/status");
  CHECK(topics.AllConfigs() == "ha/+/site_2fyard/+/config");
  CHECK(topics.ConfigTopic(Entity::kCount, "door", "person") ==
        "ha/sensor/site_2fyard/door_-person/config");
  CHECK(topics.ConfigTopic(Entity::kImage, "door", "") == "ha/image/site_2fyard/door/config");
}

TEST_CASE("The topic of an entity is read back, of this instance alone", "[mqtt]") {
  const Topics topics(Options{}, "1.2");
  const std::string topic = topics.ConfigTopic(Entity::kOccupancy, "a_b", "c");
  const Topics::ConfigName name = topics.ReadConfigTopic(topic);
  CHECK(name.component == "binary_sensor");
  CHECK(name.id == "a__b_-c");
  for (const char* other : {"homeassistant/sensor/other/a/config", "homeassistant/sensor/config",
                            "homeassistant/sensor/sampleproc/a", "sensor/sampleproc/a/config"}) {
    CHECK(topics.ReadConfigTopic(other).component.empty());
  }
}

TEST_CASE("What makes an entity known says where its state is", "[mqtt]") {
  const Topics topics(Options{}, "1.2");
  const std::string count = topics.Config(Entity::kCount, "door \"1\"", "person");
  CHECK(Has(count, R"("state_topic":"sampleproc/door \"1\"/person")"));
  CHECK(Has(count, R"("unique_id":"sampleproc_-door_20_221_22_-person_-count")"));
  CHECK(Has(count, R"("availability_topic":"sampleproc/availability")"));
  CHECK(Has(count, R"("identifiers":["sampleproc_-door_20_221_22"])"));
  const std::string occupancy = topics.Config(Entity::kOccupancy, "door", "motion");
  CHECK(Has(occupancy, R"("device_class":"motion")"));
  const std::string event = topics.Config(Entity::kEvent, "door", "");
  CHECK(Has(event, R"("event_types":["new","update","end"])"));
  const std::string image = topics.Config(Entity::kImage, "door", "");
  CHECK(Has(image, R"("image_topic":"sampleproc/door/snapshot")"));
  CHECK_FALSE(Has(image, "qos"));
}

}  // namespace
}  // namespace sampleproc::mqtt

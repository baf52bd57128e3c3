#include "mqtt/topics.h"

#include <utility>

#include "json/writer.h"
#include "mqtt/names.h"

namespace sampleproc::mqtt {
namespace {

constexpr std::string_view kConfigEnd = "/config";

std::string_view ComponentOf(Topics::Entity entity) {
  switch (entity) {
    case Topics::Entity::kCount:
      return "sensor";
    case Topics::Entity::kOccupancy:
      return "binary_sensor";
    case Topics::Entity::kEvent:
      return "event";
    case Topics::Entity::kImage:
      return "image";
  }
  return {};
}

// What the entity's id ends with, so that no two entities of an instance have one.
std::string_view KindOf(Topics::Entity entity) {
  switch (entity) {
    case Topics::Entity::kCount:
      return "count";
    case Topics::Entity::kOccupancy:
      return "occupancy";
    case Topics::Entity::kEvent:
      return "event";
    case Topics::Entity::kImage:
      return "snapshot";
  }
  return {};
}

std::string ObjectId(Topics::Entity entity, std::string_view camera, std::string_view class_name) {
  std::string id = IdOf(camera);
  if (Topics::HasClass(entity)) id += std::string(kJoint) + IdOf(class_name);
  return id;
}

}  // namespace

Topics::Topics(const Options& options, std::string version)
    : topic_(options.topic),
      prefix_(options.discovery_prefix),
      node_(IdOf(options.topic)),
      version_(std::move(version)) {}

std::string Topics::Count(std::string_view camera, std::string_view class_name) const {
  return topic_ + '/' + TopicLevel(camera) + '/' + ClassLevel(class_name);
}

std::string Topics::Event(std::string_view camera) const {
  return topic_ + '/' + TopicLevel(camera) + "/event";
}

std::string Topics::Snapshot(std::string_view camera) const {
  return topic_ + '/' + TopicLevel(camera) + "/snapshot";
}

std::string Topics::ConfigTopic(Entity entity, std::string_view camera,
                                std::string_view class_name) const {
  std::string topic = prefix_ + '/';
  topic += ComponentOf(entity);
  topic += '/' + node_ + '/' + ObjectId(entity, camera, class_name);
  return topic += kConfigEnd;
}

std::string Topics::Config(Entity entity, std::string_view camera,
                           std::string_view class_name) const {
  std::string text;
  json::JsonWriter out(text);
  out.BeginObject();
  switch (entity) {
    case Entity::kCount:
      out.Member("name", std::string(class_name) + " count");
      out.Member("state_topic", Count(camera, class_name));
      out.Member("state_class", "measurement");
      out.Member("icon", "mdi:counter");
      break;
    case Entity::kOccupancy:
      out.Member("name", class_name);
      out.Member("state_topic", Count(camera, class_name));
      out.Member("device_class", class_name == "motion" ? "motion" : "occupancy");
      out.Member("value_template", "{{ 'ON' if value | int(0) > 0 else 'OFF' }}");
      out.Member("payload_on", "ON");
      out.Member("payload_off", "OFF");
      break;
    case Entity::kEvent:
      out.Member("name", "event");
      out.Member("state_topic", Event(camera));
      out.Key("event_types");
      out.BeginArray();
      for (const char* type : {"new", "update", "end"}) out.String(type);
      out.EndArray();
      // Home Assistant wants the type under a name of its own; the other members become attributes.
      out.Member("value_template", "{{ dict(value_json, event_type=value_json.type) | to_json }}");
      break;
    case Entity::kImage:
      out.Member("name", "snapshot");
      out.Member("image_topic", Snapshot(camera));
      out.Member("content_type", "image/jpeg");
      break;
  }
  const std::string device = node_ + std::string(kJoint) + IdOf(camera);
  out.Member("unique_id", node_ + std::string(kJoint) + ObjectId(entity, camera, class_name) +
                              std::string(kJoint) + std::string(KindOf(entity)));
  if (entity != Entity::kImage) out.Member("qos", 1);
  out.Member("availability_topic", Availability());
  out.Key("device");
  out.BeginObject();
  out.Key("identifiers");
  out.BeginArray();
  out.String(device);
  out.EndArray();
  out.Member("name", camera);
  out.Member("manufacturer", "sampleproc");
  out.Member("model", "camera");
  out.Member("sw_version", version_);
  out.EndObject();
  out.Key("origin");
  out.BeginObject();
  out.Member("name", "sampleproc");
  out.Member("sw_version", version_);
  out.EndObject();
  out.EndObject();
  return text;
}

std::optional<Topics::StateName> Topics::ReadStateTopic(std::string_view topic) const {
  const std::string before = topic_ + '/';
  if (!topic.starts_with(before)) return std::nullopt;
  topic.remove_prefix(before.size());
  const std::size_t slash = topic.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto camera = ReadLevel(topic.substr(0, slash));
  const auto last = ReadLevel(topic.substr(slash + 1));
  if (!camera || !last) return std::nullopt;
  if (topic.substr(slash + 1) == "snapshot") return StateName{*camera, ""};
  if (last->empty() || topic.substr(slash + 1) != ClassLevel(*last)) return std::nullopt;
  return StateName{*camera, *last};
}

Topics::ConfigName Topics::ReadConfigTopic(std::string_view topic) const {
  const std::string before = prefix_ + '/';
  if (!topic.starts_with(before) || !topic.ends_with(kConfigEnd)) return {};
  topic.remove_prefix(before.size());
  topic.remove_suffix(kConfigEnd.size());
  const std::size_t component = topic.find('/');
  if (component == std::string_view::npos) return {};
  const std::string_view rest = topic.substr(component + 1);
  const std::size_t node = rest.find('/');
  if (node == std::string_view::npos || rest.substr(0, node) != node_) return {};
  return {topic.substr(0, component), rest.substr(node + 1)};
}

}  // namespace sampleproc::mqtt

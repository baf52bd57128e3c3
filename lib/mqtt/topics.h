// What is published under which topic, and what Home Assistant is told of it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mqtt/options.h"

namespace sampleproc::mqtt {

inline constexpr std::string_view kOnline = "online";
inline constexpr std::string_view kOffline = "offline";

// Topics of one instance:
//
//   <topic>/availability         kOnline or kOffline; retained
//   <topic>/<camera>/<class>     how many things of the class the camera sees now; retained
//   <topic>/<camera>/event       each message of an event, as frame::AppendEventJson has it
//   <topic>/<camera>/snapshot    the JPEG of the newest event; retained
//   <prefix>/sensor/<node>/<camera>_-<class>/config and so on: for Home Assistant; retained
//
// <camera> and <class> are levels by names.h, in the last line ids, <node> is the id of <topic>.
class Topics {
 public:
  Topics(const Options& options, std::string version);

  std::string Availability() const { return topic_ + "/availability"; }
  std::string Count(std::string_view camera, std::string_view class_name) const;
  std::string Event(std::string_view camera) const;
  std::string Snapshot(std::string_view camera) const;

  // Where Home Assistant says that it has started.
  std::string HomeStatus() const { return prefix_ + "/status"; }

  // One of Home Assistant's entities.
  enum class Entity {
    kCount,      // a sensor of a class
    kOccupancy,  // a binary sensor of a class
    kEvent,      // an event entity of a camera
    kImage,      // an image entity of a camera
  };
  static bool HasClass(Entity entity) {
    return entity == Entity::kCount || entity == Entity::kOccupancy;
  }
  // Of the whole instance, as a pattern to subscribe to.
  std::string AllConfigs() const { return prefix_ + "/+/" + node_ + "/+/config"; }
  // `class_name` counts where HasClass.
  std::string ConfigTopic(Entity entity, std::string_view camera,
                          std::string_view class_name) const;
  // The message that makes the entity known: JSON in one line.
  std::string Config(Entity entity, std::string_view camera, std::string_view class_name) const;

  // All topics of cameras, as a pattern to subscribe to.
  std::string AllOfCameras() const { return topic_ + "/+/+"; }
  // Of a topic that Count or Snapshot gives.
  struct StateName {
    std::string camera;
    std::string class_name;  // "" of a Snapshot
  };
  std::optional<StateName> ReadStateTopic(std::string_view topic) const;

  // The part of a topic of AllConfigs that is the entity's id, and its component; "" of another
  // topic.
  struct ConfigName {
    std::string_view component;
    std::string_view id;
  };
  ConfigName ReadConfigTopic(std::string_view topic) const;

 private:
  const std::string topic_;
  const std::string prefix_;
  const std::string node_;
  const std::string version_;
};

}  // namespace sampleproc::mqtt

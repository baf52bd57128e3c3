// Names that strangers choose, as parts of topics and as ids: safe, and different when they are.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sampleproc::mqtt {

// `text` as one level of a topic (MQTT 3.1.1, section 4.7): bytes that a topic may not have or that
// mean something there (/ + # $ %, control characters, what is no UTF-8) become %XX, "" becomes
// "%". Different texts give different levels. Up to three times as long.
std::string TopicLevel(std::string_view text);

// What TopicLevel, or ClassLevel, has made of a text; nothing of what neither has made.
std::optional<std::string> ReadLevel(std::string_view level);

// The same for a class, which never is one of `event` and `snapshot`: other topics of its camera.
std::string ClassLevel(std::string_view text);

// `text` of the characters a-z, A-Z, 0-9, _ and - alone, as Home Assistant's ids are: "_" becomes
// "__", what else is not one of them _xx, two hexadecimal digits for each byte. Different texts
// give different ids, also where several are joined by kJoint, which no id has.
std::string IdOf(std::string_view text);
inline constexpr std::string_view kJoint = "_-";

// A camera's id, and with it a class, that ids joined by kJoint stand for.
struct CameraAndClass {
  std::string camera;
  std::optional<std::string> class_name;

  bool operator==(const CameraAndClass&) const = default;
};

// What IdOf has made; nothing of any other text.
std::optional<CameraAndClass> ReadIds(std::string_view id);

// What is wrong with a topic that others are put below, "" when nothing is: completes "the topic
// ...".
std::string WrongWithTopic(std::string_view topic);

}  // namespace sampleproc::mqtt

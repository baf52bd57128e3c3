#include "config/mqtt_rules.h"

#include <string>
#include <utility>

#include "config/codes.h"
#include "config/event_rules.h"

namespace sampleproc::config {

std::vector<Finding> CheckMqtt(const Config& config) {
  const mqtt::Options& mqtt = config.mqtt;
  std::vector<Finding> findings;
  const auto tell = [&findings](Severity severity, const char* key, std::string what,
                                std::string hint) {
    findings.push_back({severity, code::kMqtt, key, std::move(what), std::move(hint), {}});
  };
  if (mqtt.url.empty()) {
    for (const auto& [key, value] :
         {std::pair("mqtt.username", &mqtt.username),
          std::pair("mqtt.password_file", &mqtt.password_file), std::pair("mqtt.ca", &mqtt.ca)}) {
      if (value->empty()) continue;
      tell(Severity::kWarning, key, "is of no use: mqtt.url names no broker",
           "set mqtt.url to one, such as \"mqtt://broker:1883\"");
    }
    return findings;
  }
  if (!AnyTracks(config)) {
    tell(Severity::kWarning, "mqtt.url",
         "is for events, which nothing makes: no pipeline has the step \"track\"", kAddTrack);
  }
  if (!mqtt.password_file.empty() && mqtt.username.empty()) {
    tell(Severity::kError, "mqtt.password_file",
         "is of no use: MQTT has no password without a user name", "set mqtt.username");
  }
  if (!mqtt.ca.empty() && !mqtt.url.starts_with("mqtts://")) {
    tell(Severity::kError, "mqtt.ca", "is of no use: mqtt.url does not begin with mqtts://",
         "let mqtt.url begin with mqtts://, whose port is 8883, or leave it out");
  }
  const std::string topic = mqtt.topic + '/';
  const std::string prefix = mqtt.discovery_prefix + '/';
  if (mqtt.discovery && (topic.starts_with(prefix) || prefix.starts_with(topic))) {
    tell(Severity::kError, "mqtt.topic",
         "is below mqtt.discovery_prefix, or that below it: states would be taken for discovery",
         "name two that differ, such as \"sampleproc\" and \"homeassistant\"");
  }
  return findings;
}

}  // namespace sampleproc::config

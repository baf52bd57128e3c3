// The rows of the MQTT broker that events go to.
#include "base/ascii.h"
#include "config/schema_rows.h"
#include "mqtt/names.h"
#include "net/url.h"

namespace sampleproc::config {
namespace {

constexpr std::string_view kExample = "a URL such as \"mqtt://broker:1883\"";

std::string WrongMqttUrl(std::string_view url) {
  if (url.empty()) return {};
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) {
    return "is not " + std::string(kExample) + ": it has no scheme";
  }
  const std::string name = base::Lowercase(url.substr(0, scheme));
  if (name == "tcp" || name == "ssl" || name == "ws" || name == "wss") {
    return "is not " + std::string(kExample) +
           (name.starts_with("ws") ? ": MQTT over WebSockets is not spoken"
                                   : ": write mqtt:// for tcp://, mqtts:// for ssl://");
  }
  const std::string_view rest = url.substr(scheme + 3);
  if (rest.substr(0, rest.find_first_of("/?#")).contains('@')) {
    return "has a user name or password in it: put them into mqtt.username and a file that "
           "mqtt.password_file names";
  }
  const auto parsed = net::ParseMqttUrl(url);
  if (!parsed) {
    return "is not " + std::string(kExample) + " or \"mqtts://[2001:db8::7]:8883\"";
  }
  if (parsed->target != "/" || url.find_first_of("?#") != std::string_view::npos) {
    return "has more than a host and a port: a path or query stands for nothing";
  }
  return {};
}

std::string WrongTopic(std::string_view topic) { return mqtt::WrongWithTopic(topic); }

}  // namespace

void AddMqttRows(std::vector<Key>& rows) {
  rows.push_back(Bind(
      {.path = "mqtt.url",
       .kind = Kind::kString,
       .max = 4096,
       .help =
           "MQTT broker that events of the step \"track\" go to, for Home Assistant among others: "
           "mqtt://host:1883, or mqtts://host:8883 for TLS, whose certificate is checked. Under "
           "mqtt.topic it gets the count of each camera's classes (CAMERA/CLASS, retained), events "
           "as JSON (CAMERA/event, at least once) and their pictures (CAMERA/snapshot, retained), "
           "and \"online\" or \"offline\" (availability, retained, also after a crash). A broker "
           "that is away slows nothing: the last 4096 messages of events, 4 MiB at most, wait for "
           "it, and all else is published anew when it is back. Empty is none.",
       .wrong = &WrongMqttUrl,
       .range = "a URL of mqtt or mqtts without user and password, or empty"},
      [](auto& c) -> auto& { return c.mqtt.url; }));
  rows.push_back(Bind({.path = "mqtt.username",
                       .kind = Kind::kString,
                       .max = 1024,
                       .help = "User to log in as; empty logs in without a name."},
                      [](auto& c) -> auto& { return c.mqtt.username; }));
  rows.push_back(Bind({.path = "mqtt.password_file",
                       .kind = Kind::kString,
                       .max = 4096,
                       .help = "File with the password on its only line, read at each login, so "
                               "that a new password needs no restart.",
                       .secret_file = true},
                      [](auto& c) -> auto& { return c.mqtt.password_file; }));
  rows.push_back(Bind({.path = "mqtt.ca",
                       .kind = Kind::kString,
                       .max = 4096,
                       .help = "PEM file of the authorities that a broker's certificate may come "
                               "from; empty is those that this system trusts.",
                       .file = true},
                      [](auto& c) -> auto& { return c.mqtt.ca; }));
  rows.push_back(Bind({.path = "mqtt.client_id",
                       .kind = Kind::kString,
                       .max = 128,
                       .help = "What the broker knows this instance by. Two clients with one id "
                               "push each other out; empty is one that no other has."},
                      [](auto& c) -> auto& { return c.mqtt.client_id; }));
  rows.push_back(Bind({.path = "mqtt.topic",
                       .kind = Kind::kString,
                       .min = 1,
                       .max = 256,
                       .help = "What all topics begin with. Two instances at one broker need two, "
                               "as each publishes its own counts and availability.",
                       .wrong = &WrongTopic,
                       .range = "levels between \"/\", without + and #, 1 to 256 bytes"},
                      [](auto& c) -> auto& { return c.mqtt.topic; }));
  rows.push_back(Bind({.path = "mqtt.keepalive",
                       .kind = Kind::kDuration,
                       .min = 5 * kSecond,
                       .max = kHour,
                       .help = "A connection on which nothing was said for so long is tried; the "
                               "broker tells that the service is offline after one and a half "
                               "times so long."},
                      [](auto& c) -> auto& { return c.mqtt.keepalive; }));
  rows.push_back(Bind({.path = "mqtt.discovery",
                       .kind = Kind::kBool,
                       .help = "Whether Home Assistant is told of each camera by MQTT discovery: "
                               "a device with a count and an occupancy for each class, events and "
                               "the newest picture; again whenever Home Assistant or the broker "
                               "starts. Configured cameras are told of at the start, with the "
                               "classes that they or process.track.classes list, others once "
                               "they have an event: process.motion.max_cameras of them at most."},
                      [](auto& c) -> auto& { return c.mqtt.discovery; }));
  rows.push_back(Bind({.path = "mqtt.discovery_prefix",
                       .kind = Kind::kString,
                       .min = 1,
                       .max = 256,
                       .help = "The topic below which Home Assistant looks for discovery, as "
                               "it is set there.",
                       .wrong = &WrongTopic,
                       .range = "levels between \"/\", without + and #, 1 to 256 bytes"},
                      [](auto& c) -> auto& { return c.mqtt.discovery_prefix; }));
  rows.push_back(Bind({.path = "mqtt.snapshots",
                       .kind = Kind::kBool,
                       .help = "Whether pictures are published, where events.snapshots keeps "
                               "some: the one of the camera's newest event, 8 MiB at most."},
                      [](auto& c) -> auto& { return c.mqtt.snapshots; }));
}

}  // namespace sampleproc::config

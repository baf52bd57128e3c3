// How events and pictures go to an MQTT broker.
#pragma once

#include <chrono>
#include <string>

namespace sampleproc::mqtt {

struct Options {
  // mqtt://host:1883 or mqtts://host:8883, without user name and password. "" publishes nothing.
  std::string url;

  std::string username;       // "" logs in without a name
  std::string password_file;  // the password on its only line; read with each connection
  // PEM file of the authorities that the broker's certificate may come from. "" is those that this
  // system trusts.
  std::string ca;

  // What the broker knows this client by; two clients with one id push each other out. "" is one
  // that no other process has.
  std::string client_id;

  // What all topics begin with: of one instance alone.
  std::string topic = "sampleproc";

  // A broker that has answered nothing for one and a half times so long is given up.
  std::chrono::milliseconds keepalive{30'000};

  // Whether Home Assistant is told of the cameras, and below which topic it listens.
  bool discovery = true;
  std::string discovery_prefix = "homeassistant";

  // Whether pictures of events are published, where there are some (events.snapshots).
  bool snapshots = true;
};

}  // namespace sampleproc::mqtt

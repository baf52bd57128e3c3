// What the program and its MQTT module agree on. The module is built from mqtt/module/ and holds
// all that touches libmosquitto; it is loaded when a broker is configured, so that nobody else pays
// for it. Only plain data and functions that do not throw cross this line, and each side frees what
// it made.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sampleproc::mqtt {

// Raised with every change of this file.
inline constexpr std::uint32_t kModuleVersion = 2;
inline constexpr char kModuleFile[] = "sampleproc_mqtt.so";
inline constexpr char kModuleEntry[] = "sampleproc_mqtt_module";

enum class ModuleStatus {
  kOk,
  kLost,     // the connection has ended, or was never made
  kRefused,  // this message can never be sent, as its topic is none; the connection goes on
};

// Why something failed, as the end of a sentence; "" when there is nothing to say.
struct ModuleReason {
  char text[256];
};

struct ModuleMessage {
  const char* topic;
  const char* payload;
  std::size_t size;
  bool retain;
};

// What the module tells the program. `self` is handed back in each call; all calls come from inside
// the functions of Module, in the same thread.
struct ModuleHost {
  void* self;
  // The broker has answered to the login: 0, or the return code of MQTT 3.1.1, section 3.2.2.3, or
  // the reason code of MQTT 5, section 3.2.2.2.
  void (*connected)(void* self, int code) noexcept;
  // The broker has acknowledged the message with the number that `publish` gave: with MQTT 5 by a
  // reason code (section 3.4.2.1), from 0x80 on because it does not take it; else by 0.
  void (*published)(void* self, int id, int code) noexcept;
  // A message came of a topic that was subscribed to; `retained`: the broker had kept it.
  void (*received)(void* self, const ModuleMessage* message, bool retained) noexcept;
};

struct ModuleRequest {
  const char* host;
  std::uint16_t port;
  bool tls;        // with a check of the certificate and of the host's name in it
  const char* ca;  // a PEM file; "" is the system's authorities
  bool mqtt5;      // else MQTT 3.1.1
  const char* client_id;
  const char* username;  // null: none
  const char* password;  // null: none
  int keepalive;         // seconds
  // What the broker publishes when the connection is lost; nothing when its topic is null.
  ModuleMessage will;
};

struct ModuleClient;  // the module's own

// A client is used by one thread at a time. After kLost it may only be closed. Nothing here waits,
// but for the host's name, if the system has forgotten it since it was looked up.
struct Module {
  std::uint32_t version;  // kModuleVersion the module was built with
  // Begins to connect. Null when that fails. `host` must outlive the client; the request need not.
  ModuleClient* (*open)(const ModuleHost* host, const ModuleRequest* request,
                        ModuleReason* why) noexcept;
  int (*socket)(ModuleClient* client) noexcept;  // to wait for; -1: there is none any more
  bool (*wants_write)(ModuleClient* client) noexcept;
  // Reads and writes what the socket is ready for, and sends what keeps the connection alive. To be
  // called at least once a second.
  ModuleStatus (*run)(ModuleClient* client, bool readable, bool writable,
                      ModuleReason* why) noexcept;
  // At least once (QoS 1): `published` comes with `*id`.
  ModuleStatus (*publish)(ModuleClient* client, const ModuleMessage* message, int* id,
                          ModuleReason* why) noexcept;
  ModuleStatus (*subscribe)(ModuleClient* client, const char* pattern) noexcept;
  ModuleStatus (*unsubscribe)(ModuleClient* client, const char* pattern) noexcept;
  // Says goodbye, so that the will is not published; `run` sends it.
  void (*leave)(ModuleClient* client) noexcept;
  void (*close)(ModuleClient* client) noexcept;
};

// The type of the function kModuleEntry; the result lives as long as the module is loaded.
using ModuleEntry = const Module* (*)();

}  // namespace sampleproc::mqtt

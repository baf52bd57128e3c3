// One connection to an MQTT broker.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/deadline.h"
#include "base/error.h"
#include "mqtt/module_abi.h"

namespace sampleproc::mqtt {

// The module's functions. kUnavailable when it cannot be loaded: `file` is where it is, or empty
// for beside the program or where it is installed.
base::Result<std::shared_ptr<const Module>> LoadModule(const std::string& file);

struct Broker {
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 0;
  bool tls = false;

  // "mqtts://host:8883", for messages.
  std::string Name() const;
};

struct Login {
  Broker broker;
  std::string ca;  // see Options
  std::string client_id;
  std::string username;
  std::optional<std::string> password = {};
  int keepalive = 30;  // seconds
  // What the broker publishes, and keeps, when the connection is lost; "" is nothing.
  std::string will_topic = {};
  std::string will = {};
};

// Reason codes of MQTT 5, from here on, mean that something has failed. A broker that speaks MQTT
// 3.1.1 alone has no way to say it of a message.
inline constexpr int kNotTaken = 0x80;
// In words, for messages: "not authorised".
std::string ReasonName(int code);

// Used by one thread at a time. What fails with kUnavailable ends the connection: the message is
// the reason alone.
class Session {
 public:
  // What comes from the broker, in calls from inside Await and Run.
  class Listener {
   public:
    virtual ~Listener() = default;
    // `code`: from kNotTaken on the broker does not take the message, and says why.
    virtual void OnPublished(int id, int code) noexcept = 0;
    virtual void OnReceived(std::string_view topic, std::string_view payload,
                            bool retained) noexcept = 0;
  };

  // Looks the broker up, connects and logs in, with MQTT 5 or, where the broker does not speak
  // that, MQTT 3.1.1. Fails with kConfig when the broker refuses who it is asked by, with
  // kUnavailable when it cannot be reached or does not answer in time, or as the allowance ends.
  // Both references must outlive the session.
  static base::Result<std::unique_ptr<Session>> Open(const std::shared_ptr<const Module>& module,
                                                     const Login& login, Listener& listener,
                                                     const base::Allowance& allowance);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Waits, until `end` at the latest, that the socket has something to be done or `wake`, an
  // eventfd, was written to; then does it.
  base::Result<void> Run(int wake, const base::Deadline& end);

  // The number of the message, with which OnPublished comes; nothing when a broker can never be
  // sent it.
  base::Result<std::optional<int>> Publish(const std::string& topic, std::string_view payload,
                                           bool retain);
  base::Result<void> Subscribe(const std::string& pattern);
  base::Result<void> Unsubscribe(const std::string& pattern);

  // Says goodbye, in time until `end`.
  void Leave(const base::Deadline& end);

 private:
  Session(std::shared_ptr<const Module> module, Listener& listener);
  base::Result<void> Enter(const Login& login, bool mqtt5, const base::Allowance& allowance);
  base::Result<void> Begin(const Login& login, bool mqtt5);
  base::Result<void> AwaitLogin(const Login& login, const base::Allowance& allowance);
  base::Result<void> Connected() const;
  base::Result<void> Do(bool readable, bool writable);

  static void OnConnected(void* self, int code) noexcept;
  static void OnPublished(void* self, int id, int code) noexcept;
  static void OnReceived(void* self, const ModuleMessage* message, bool retained) noexcept;

  const std::shared_ptr<const Module> module_;
  Listener& listener_;
  const ModuleHost host_;
  ModuleClient* client_ = nullptr;
  std::optional<int> code_;  // of the broker's answer to the login
  bool is_closed_ = false;   // by the broker, without an answer to the login
};

}  // namespace sampleproc::mqtt

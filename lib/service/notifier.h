// Tells systemd how the service is, by the protocol of sd_notify(3): one datagram for each change.
//
// The protocol rather than libsystemd, which would bring six more libraries into every start of the
// program.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sampleproc::service {

// What the process was handed by its supervisor; all of it empty without one.
struct Supervision {
  std::string notify_socket;                          // $NOTIFY_SOCKET
  std::optional<std::chrono::microseconds> watchdog;  // $WATCHDOG_USEC, when it is meant for us
  std::vector<int> sockets;                           // $LISTEN_FDS, when they are meant for us
};

// Reads the variables of sd_notify(3), sd_watchdog_enabled(3) and sd_listen_fds(3). A variable that
// names another process (WATCHDOG_PID, LISTEN_PID) or is malformed counts as absent.
Supervision ReadSupervision();

// Silent without a socket; what cannot be sent is lost, as supervision must not stop the service.
// Any thread.
class Notifier {
 public:
  explicit Notifier(std::string socket) : socket_(std::move(socket)) {}

  // "READY=1\nSTATUS=...": lines of sd_notify(3).
  void Send(std::string_view state) const;
  // RELOADING=1 with the time that Type=notify-reload asks for.
  void Reloading() const;

 private:
  const std::string socket_;
};

}  // namespace sampleproc::service

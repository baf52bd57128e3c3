#include "service/notifier.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace sampleproc::service {
namespace {

constexpr int kFirstSocket = 3;    // SD_LISTEN_FDS_START
constexpr int kMostSockets = 128;  // far more than anybody passes

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::optional<std::int64_t> Number(const char* name) {
  const std::string text = Variable(name);
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (text.empty() || read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return number;
}

bool MeantForUs(const char* pid_name, bool without) {
  if (Variable(pid_name).empty()) return without;
  return Number(pid_name) == ::getpid();
}

}  // namespace

Supervision ReadSupervision() {
  Supervision supervision;
  supervision.notify_socket = Variable("NOTIFY_SOCKET");
  const auto watchdog = Number("WATCHDOG_USEC");
  if (watchdog && *watchdog > 0 && MeantForUs("WATCHDOG_PID", true)) {
    supervision.watchdog = std::chrono::microseconds(*watchdog);
  }
  const auto sockets = Number("LISTEN_FDS");
  if (sockets && *sockets > 0 && *sockets <= kMostSockets && MeantForUs("LISTEN_PID", false)) {
    for (int i = 0; i < *sockets; ++i) supervision.sockets.push_back(kFirstSocket + i);
  }
  return supervision;
}

void Notifier::Send(std::string_view state) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_[0] == '@') address.sun_path[0] = '\0';  // an abstract name
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  (void)::sendto(fd, state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                 reinterpret_cast<const sockaddr*>(&address), size);
  ::close(fd);
}

void Notifier::Reloading() const {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const auto micros = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
  Send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(micros) + "\nSTATUS=reloading");
}

}  // namespace sampleproc::service

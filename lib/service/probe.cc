#include "service/probe.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/deadline.h"

namespace sampleproc::service {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

constexpr std::size_t kMostBytes = 64 * 1024;

class Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

bool WaitFor(int fd, short events, const base::Deadline& deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline.At() - base::SystemClock().Now());
  if (left.count() <= 0) return false;
  pollfd entry{fd, events, 0};
  return ::poll(&entry, 1, static_cast<int>(left.count())) == 1;
}

std::string Loopback(const std::string& host) {
  if (host.empty() || host == "0.0.0.0" || host == "*") return "127.0.0.1";
  if (host == "::" || host == "[::]") return "::1";
  return host;
}

std::unexpected<base::Error> NoAnswer(const std::string& where, const std::string& why) {
  return Fail(ErrorCode::kUnavailable, "no answer from " + where + ": " + why);
}

Result<int> Connect(const addrinfo& address, const base::Deadline& deadline,
                    const std::string& where) {
  const int fd = ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return NoAnswer(where, std::strerror(errno));
  int error = 0;
  if (::connect(fd, address.ai_addr, address.ai_addrlen) != 0) {
    error = errno;
    if (error == EINPROGRESS) {
      socklen_t size = sizeof error;
      if (!WaitFor(fd, POLLOUT, deadline)) {
        error = ETIMEDOUT;
      } else {
        ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
      }
    }
  }
  if (error != 0) {
    ::close(fd);
    return NoAnswer(where, std::strerror(error));
  }
  return fd;
}

// The status of a line such as "HTTP/1.1 200 OK\r", 0 when it is no such line.
int StatusOf(std::string_view line) {
  constexpr std::size_t kAt = std::string_view("HTTP/1.1 ").size();
  if (!line.starts_with("HTTP/1.") || line.size() <= kAt + 3 || line[kAt - 1] != ' ') return 0;
  if (line[kAt + 3] != ' ' && line[kAt + 3] != '\r') return 0;
  int status = 0;
  const char* const end = line.data() + kAt + 3;
  if (std::from_chars(line.data() + kAt, end, status).ptr != end) return 0;
  return status >= 100 ? status : 0;
}

// "HTTP/1.1 200 OK\r\n..." to its status and body.
Result<ProbeAnswer> Parse(std::string_view received, const std::string& where) {
  const auto head_end = received.find("\r\n\r\n");
  const int status = StatusOf(received);
  if (status == 0 || head_end == std::string_view::npos) {
    return NoAnswer(where, "it does not speak HTTP");
  }
  ProbeAnswer answer;
  answer.status = status;
  answer.body = received.substr(head_end + 4);
  return answer;
}

}  // namespace

Result<ProbeAnswer> Probe(const std::string& host, std::uint16_t port, const std::string& path,
                          std::chrono::milliseconds timeout) {
  const base::Deadline deadline(base::SystemClock(), timeout);
  const std::string target = Loopback(host);
  const bool literal6 = target.find(':') != std::string::npos;
  const std::string authority =
      (literal6 ? "[" + target + "]" : target) + ":" + std::to_string(port);

  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int status = getaddrinfo(target.c_str(), std::to_string(port).c_str(), &hints, &found);
      status != 0) {
    return NoAnswer(authority, gai_strerror(status));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, &freeaddrinfo);
  Result<int> fd = NoAnswer(authority, "it has no address");
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    fd = Connect(*address, deadline, authority);
    if (fd) break;
  }
  if (!fd) return std::unexpected(fd.error());
  const Connection connection(*fd);

  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: " + authority +
                              "\r\nUser-Agent: sampleproc-health\r\nConnection: close\r\n\r\n";
  if (::send(connection.fd(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return NoAnswer(authority, std::strerror(errno));
  }
  std::string received;
  while (received.size() < kMostBytes) {
    if (!WaitFor(connection.fd(), POLLIN, deadline))
      return NoAnswer(authority, "it takes too long");
    char piece[4096];
    const ssize_t got = ::recv(connection.fd(), piece, sizeof piece, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got < 0) return NoAnswer(authority, std::strerror(errno));
    if (got == 0) break;
    received.append(piece, static_cast<std::size_t>(got));
  }
  return Parse(received, authority);
}

}  // namespace sampleproc::service

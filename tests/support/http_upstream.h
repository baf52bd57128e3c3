// An HTTP server that answers as a test wants, whatever it is asked.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "base/descriptor.h"

namespace sampleproc::test {

// Accepts one connection after the other and says to each request head what `answer` makes of its
// number; "" closes.
class Upstream {
 public:
  explicit Upstream(std::function<std::string(int)> answer)
      : answer_(std::move(answer)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(listener_.get(), 16) == 0);
    REQUIRE(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] { Run(); });
  }
  ~Upstream() { ::shutdown(listener_.get(), SHUT_RDWR); }

  std::uint16_t port() const { return port_; }
  int requests() const { return requests_; }

 private:
  void Run() {
    for (;;) {
      const base::Descriptor peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (peer.get() < 0) return;
      std::string received;
      char piece[4096];
      for (;;) {
        const ssize_t got = ::recv(peer.get(), piece, sizeof piece, 0);
        if (got <= 0) break;
        received.append(piece, static_cast<std::size_t>(got));
        const std::size_t end = received.find("\r\n\r\n");
        if (end == std::string::npos) continue;
        received.erase(0, end + 4);
        const std::string answer = answer_(requests_++);
        if (answer.empty()) break;
        ::send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
        if (answer.find("Connection: close") != std::string::npos) break;
        if (answer.find("X-Closes: unsaid") != std::string::npos) break;
      }
    }
  }

  const std::function<std::string(int)> answer_;
  base::Descriptor listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> requests_ = 0;
  std::jthread thread_;
};

inline std::string Ok(const std::string& body, const std::string& fields = "") {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + fields +
         "\r\n" + body;
}

}  // namespace sampleproc::test

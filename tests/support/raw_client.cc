#include "support/raw_client.h"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <thread>

namespace sampleproc::test {

std::string RawResponse::Field(std::string_view name) const {
  std::size_t at = head.find("\r\n");
  while (at != std::string::npos && at + 2 < head.size()) {
    const std::size_t end = head.find("\r\n", at + 2);
    const std::string_view line = std::string_view(head).substr(at + 2, end - at - 2);
    const std::size_t colon = line.find(':');
    if (colon == name.size() && strncasecmp(line.data(), name.data(), name.size()) == 0) {
      return std::string(line.substr(std::min(colon + 2, line.size())));
    }
    at = end;
  }
  return "";
}

RawClient::RawClient(std::uint16_t port, int receive_buffer) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer > 0) {
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("cannot connect");
  }
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

RawClient::~RawClient() { ::close(fd_); }

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawClient::WaitUntilTaken() {
  int left = 1;
  while (::ioctl(fd_, SIOCOUTQ, &left) == 0 && left > 0) std::this_thread::yield();
}

bool RawClient::SendByteByByte(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (!Send(bytes.substr(i, 1))) return false;
  }
  return true;
}

bool RawClient::Fill() {
  pollfd entry{fd_, POLLIN, 0};
  if (::poll(&entry, 1, kPatienceMs) != 1) throw std::runtime_error("the server went silent");
  char piece[16384];
  const ssize_t got = ::recv(fd_, piece, sizeof piece, 0);
  if (got <= 0) return false;
  received_.append(piece, static_cast<std::size_t>(got));
  return true;
}

bool RawClient::Take(std::size_t bytes) {
  while (received_.size() < bytes) {
    if (!Fill()) return false;
  }
  received_.erase(0, bytes);
  return true;
}

std::optional<RawResponse> RawClient::Read(bool head_only) {
  std::size_t head_end;
  while ((head_end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) return std::nullopt;
  }
  RawResponse response;
  response.head = received_.substr(0, head_end + 4);
  response.status = std::stoi(response.head.substr(9, 3));
  std::size_t length = 0;
  if (!head_only && response.status >= 200 && response.status != 204)
    length = std::stoul(response.Field("Content-Length"));
  while (received_.size() < head_end + 4 + length) {
    if (!Fill()) return std::nullopt;
  }
  response.body = received_.substr(head_end + 4, length);
  received_.erase(0, head_end + 4 + length);
  return response;
}

bool RawClient::EndsSilently() {
  if (!received_.empty()) return false;
  return !Fill();
}

void RawClient::ResetOnClose() {
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void RawClient::ShutdownSend() { ::shutdown(fd_, SHUT_WR); }

std::string PostRequest(std::string_view path, std::string_view fields, std::string_view body) {
  std::string request = "POST ";
  request.append(path).append(" HTTP/1.1\r\nHost: localhost\r\nContent-Length: ");
  request.append(std::to_string(body.size())).append("\r\n").append(fields).append("\r\n");
  return request.append(body);
}

}  // namespace sampleproc::test

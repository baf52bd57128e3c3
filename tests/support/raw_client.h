// A client that sends exactly the bytes it is told to and reads what comes back.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace sampleproc::test {

struct RawResponse {
  int status = 0;
  std::string head;  // with the empty line
  std::string body;

  // The value of a field, "" when there is none; names compared without case.
  std::string Field(std::string_view name) const;
};

// Blocking, with a guard of `kPatience` on every wait so that a test fails rather than hangs.
class RawClient {
 public:
  static constexpr int kPatienceMs = 120'000;

  // `receive_buffer` in bytes; 0: as large as the kernel likes it.
  explicit RawClient(std::uint16_t port, int receive_buffer = 0);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False when the peer has closed the connection.
  bool Send(std::string_view bytes);
  // Until the peer's kernel has all that was sent.
  void WaitUntilTaken();
  // Sends each byte by itself, as its own segment.
  bool SendByteByByte(std::string_view bytes);

  // The next response, framed by its Content-Length; nothing when the connection ended before one
  // was complete. `head_only` for answers to HEAD.
  std::optional<RawResponse> Read(bool head_only = false);

  // Takes so many bytes, whatever they are; false when the connection ends before.
  bool Take(std::size_t bytes);

  // Whether the peer closes the connection without sending anything more.
  bool EndsSilently();

  void ShutdownSend();
  // Ends the connection by a reset rather than by an orderly close, when it is destroyed.
  void ResetOnClose();

 private:
  bool Fill();

  int fd_ = -1;
  std::string received_;
};

// "POST /path HTTP/1.1" with Host, Content-Length and the given fields ("Name: value\r\n" each).
std::string PostRequest(std::string_view path, std::string_view fields, std::string_view body);

}  // namespace sampleproc::test

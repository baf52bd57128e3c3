// A connection on which the calling thread waits for its peer: what a client needs, not a server.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/deadline.h"
#include "base/descriptor.h"
#include "base/error.h"

namespace sampleproc::net {

// Used by one thread at a time.
//
// Everything here that waits does so within an Allowance whose deadline is one of the system's
// clock, and fails with kRequestTimeout when that has passed, with kCancelled as soon as it is
// cancelled, with kUnavailable when the peer has gone or cannot be reached.
class Stream {
 public:
  virtual ~Stream() = default;

  // Writes all of `bytes`.
  virtual base::Result<void> Write(std::string_view bytes, const base::Allowance& allowance) = 0;

  // Reads what is there, at most `room`, and waits when nothing is; 0 is the end of the stream.
  virtual base::Result<std::size_t> Read(std::span<char> room,
                                         const base::Allowance& allowance) = 0;

  // Whether nothing has come, neither bytes nor the end: to be asked before a connection that was
  // kept is used again, since what the peer has closed meanwhile would take a request with it.
  // Never waits; the peer may close it a moment later all the same.
  virtual bool Quiet() { return true; }
};

// Makes a connection; the seam through which TLS and tests come in.
using ConnectStream =
    std::function<base::Result<std::unique_ptr<Stream>>(const base::Allowance& allowance)>;

struct Endpoint {
  std::string host;  // a name or an address; "0.0.0.0", "::", "*" and "" mean the loopback
  std::uint16_t port = 0;
  std::string unix_socket = {};  // when this is a path, host and port do not count
  // A peer whose machine has acknowledged nothing for so long is given up, however long its answer
  // may take (TCP_USER_TIMEOUT and SO_KEEPALIVE, tcp(7)); 0 is the system's patience, many minutes.
  std::chrono::seconds dead_after{0};

  // "127.0.0.1:8099", "[::1]:8099", "/run/sampleproc.sock": for messages and Host fields.
  std::string Name() const;
};

// Connects to the first of the host's addresses that takes it; the message of a failure is the
// reason alone.
base::Result<std::unique_ptr<Stream>> Connect(const Endpoint& endpoint,
                                              const base::Allowance& allowance);

// On a connected socket that never blocks.
std::unique_ptr<Stream> MakeStream(base::Descriptor socket);

// Waits until `fd` is ready for `events` of poll(2).
base::Result<void> WaitFor(int fd, short events, const base::Allowance& allowance);

// A connected socket, which the returned value owns. See tls_stream.h for who needs it.
base::Result<int> ConnectSocket(const Endpoint& endpoint, const base::Allowance& allowance);

}  // namespace sampleproc::net

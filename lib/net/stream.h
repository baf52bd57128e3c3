// A connection for one short exchange that the calling thread waits for: what a health check or a
// script needs, not a server.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/deadline.h"
#include "base/error.h"

namespace sampleproc::net {

// Used by one thread at a time.
class Stream {
 public:
  virtual ~Stream() = default;

  // Writes all of `bytes`. Fails with kUnavailable when the peer has gone, with kRequestTimeout at
  // the deadline.
  virtual base::Result<void> Write(std::string_view bytes, const base::Deadline& deadline) = 0;

  // Reads what is there, at most `room`, and waits when nothing is; 0 is the end of the stream.
  // Fails as Write does.
  virtual base::Result<std::size_t> Read(std::span<char> room, const base::Deadline& deadline) = 0;
};

struct Endpoint {
  std::string host;  // a name or an address; "0.0.0.0", "::", "*" and "" mean the loopback
  std::uint16_t port = 0;
  std::string unix_socket = {};  // when this is a path, host and port do not count

  // "127.0.0.1:8099", "[::1]:8099", "/run/sampleproc.sock": for messages and Host fields.
  std::string Name() const;
};

// Connects to the first of the host's addresses that takes it. Fails with kUnavailable when none
// does, with kRequestTimeout at the deadline; the message is the reason alone. Looking up a name
// takes as long as the resolver does. `deadline` is one of the system's clock, as all here are.
base::Result<std::unique_ptr<Stream>> Connect(const Endpoint& endpoint,
                                              const base::Deadline& deadline);

// Waits until `fd` is ready for `events` of poll(2). kRequestTimeout at the deadline.
base::Result<void> WaitFor(int fd, short events, const base::Deadline& deadline);

// A connected socket, which the returned value owns. See tls_stream.h for who needs it.
base::Result<int> ConnectSocket(const Endpoint& endpoint, const base::Deadline& deadline);

}  // namespace sampleproc::net

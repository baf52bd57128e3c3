// Sockets that listen: made here or passed in by systemd.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"
#include "http/options.h"

namespace sampleproc::http {

struct ListenSocket {
  base::Descriptor fd;      // non-blocking
  bool is_unix = false;     // always plain: nobody else can listen in
  bool inherited = false;   // somebody else's: it goes on listening when we close it
  std::string unlink = {};  // the path of a Unix socket that we made
};

// From now on nobody new connects to a socket of ours. What is connected already, or is about to
// be (for TCP: has its SYN-ACK), still comes and is to be accepted before the socket is closed,
// because closing resets whatever waits. A TCP client that is too late finds out with its next SYN,
// a second later (RFC 6298, section 2.1), that the port is closed; one of a Unix socket at once.
// Changes nothing for a socket that was passed in.
void RefuseNew(const ListenSocket& socket);

struct Listening {
  std::vector<std::vector<ListenSocket>> of_loops;  // one list for each loop
  std::uint16_t port = 0;                           // 0: no TCP
};

// The permissions that http.unix_socket_mode means, one to four octal digits up to 0777; nothing
// when it means none.
std::optional<mode_t> ParseSocketMode(std::string_view digits);

// Whether Listen could take `host` on this machine: an address of its own, or a name that resolves
// (which may take the resolver's time). Fails with kUnavailable when that is not so now, with
// kConfig for what never can be listened on.
base::Result<void> CheckHost(const std::string& host);

// Whether a Unix socket can be made at `path`. Fails with kConfig where something else is there or
// the path is too long, kUnavailable where its folder is not.
base::Result<void> CheckSocketPath(const std::string& path);

// For each of `loops`: a socket of its own on host and port (SO_REUSEPORT, so that the kernel
// spreads connections), and a share of http.unix_socket. With `inherited` sockets (already
// listening; owned from now on) host and port are not listened on. Fails with kUnavailable when an
// address is in use or is not this machine's or `host` does not resolve, kConfig when that is no
// address at all or a path cannot be a socket.
base::Result<Listening> Listen(const Options& options, const std::vector<int>& inherited,
                               int loops);

}  // namespace sampleproc::http

// Addresses of a name, for callers that may stop waiting for them.
#pragma once

#include <netdb.h>

#include <functional>
#include <memory>
#include <string>

#include "base/deadline.h"
#include "base/error.h"

namespace sampleproc::net {

// The first of a list; the rest by ai_next.
using Addresses = std::shared_ptr<const addrinfo>;

// getaddrinfo(3), or what stands for it in a test.
using SystemLookup = std::function<int(const char*, const char*, const addrinfo*, addrinfo**)>;

// The addresses of stream sockets for a host, a name or an address, and a port. Nothing can end
// getaddrinfo(3), so a name is looked up on a thread of its own, which is left to itself when the
// caller gives up. Fails with kUnavailable and the resolver's reason alone, with kRequestTimeout
// and kCancelled as a Stream (stream.h). Thread-safe.
base::Result<Addresses> LookUp(const std::string& host, const std::string& port,
                               const base::Allowance& allowance,
                               const SystemLookup& lookup = ::getaddrinfo);

}  // namespace sampleproc::net

// Asks a running service how it is, as `sampleproc health` does: one connection and one request, so
// that a probe every few seconds costs nothing.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/stream.h"

namespace sampleproc::service {

struct ProbeTarget {
  net::Endpoint endpoint;
  std::string tls_anchor = {};  // PEM file that the service's certificate leads to; "" = no TLS
};

struct ProbeAnswer {
  int status = 0;    // of HTTP
  std::string body;  // whole
};

// GET `path` within `timeout` in all; of the system's clock. Fails with kUnavailable when there is
// no whole, valid answer of 64 KiB at most, with kConfig when the anchor cannot be used.
base::Result<ProbeAnswer> Probe(const ProbeTarget& target, std::string_view path,
                                std::chrono::milliseconds timeout);

// The string that the JSON object `body` has as "status"; "" when it is or has no such thing.
std::string StatusWord(std::string_view body);

// Likewise its "detail": what a problem (RFC 9457) says went wrong.
std::string ProblemDetail(std::string_view body);

}  // namespace sampleproc::service

// Asks a running service how it is, as `sampleproc health` does: a plain socket and one request, so
// that a probe every few seconds costs nothing.
#pragma once

#include <chrono>
#include <string>

#include "base/error.h"

namespace sampleproc::service {

struct ProbeAnswer {
  int status = 0;    // of HTTP
  std::string body;  // at most 64 KiB of it
};

// GET http://host:port/path within `timeout` in all. Wildcard addresses ("0.0.0.0", "::", "") mean
// this machine's loopback. Fails with kUnavailable when there is no (whole, valid) answer.
base::Result<ProbeAnswer> Probe(const std::string& host, std::uint16_t port,
                                const std::string& path, std::chrono::milliseconds timeout);

}  // namespace sampleproc::service

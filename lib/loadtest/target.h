// What is driven, and whether it may be.
#pragma once

#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/error.h"
#include "loadtest/connection.h"
#include "net/tls_stream.h"
#include "net/url.h"

namespace sampleproc::loadtest {

struct Target {
  net::Url url;
  Address address;         // where the load goes, found once, before the run
  net::TlsTrust trust;     // of an https target
  net::Endpoint endpoint;  // the same, for clients that wait
  std::string name;        // "http://127.0.0.1:8099", without path and credentials
};

// Finds the target's address and sees that something listens there. An address that is not of this
// machine's loopback is refused with kUsage unless `allowed` names its host; a Unix socket is
// local. Fails with kUsage when `url` is not an http or https URL, with kUnavailable when nothing
// can be reached.
//
// An https target's certificate must be for its host and lead to one in the PEM file
// `tls_anchors`, or without it to an authority of this system.
base::Result<Target> FindTarget(const std::string& url, const std::string& unix_socket,
                                const std::string& tls_anchors,
                                const std::vector<std::string>& allowed,
                                const base::Allowance& allowance);

// Whether `host` may be loaded: as above. Fails with kUnavailable when it has no address.
base::Result<void> MayLoad(const std::string& host, std::uint16_t port,
                           const std::vector<std::string>& allowed,
                           const base::Allowance& allowance);

// 127.0.0.0/8, ::1, or the former mapped into IPv6.
bool IsLoopback(const sockaddr& address);

}  // namespace sampleproc::loadtest

// Whether a process of this machine is the one that a target's connections reach.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/error.h"
#include "loadtest/connection.h"

namespace sampleproc::loadtest {

// Whether process `pid` has the socket that listens at `address` (/proc/net and /proc/PID/fd).
// Fails with kUnavailable, and says why, when it has not or nobody can tell: no such process,
// another user's, a target behind a proxy or in another network namespace.
base::Result<void> ListensAt(pid_t pid, const Address& address);

}  // namespace sampleproc::loadtest

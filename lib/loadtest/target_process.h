// The process behind a target on this machine, to which signals are sent.
#pragma once

#include <sys/types.h>

#include "base/descriptor.h"
#include "base/error.h"
#include "loadtest/connection.h"

namespace sampleproc::loadtest {

// The process that may be signalled: it stays the same one, also when it has ended and its number
// is another's (pidfd_open(2)). Fails with kUnavailable when there is none, and as ListensAt does.
base::Result<base::Descriptor> OpenTargetProcess(pid_t pid, const Address& address);

// Gone, or ended and waiting for its parent to notice.
bool HasEnded(const base::Descriptor& process);

// Fails with kUnavailable, and says why, when the process has ended or may not be signalled.
base::Result<void> SendSignal(const base::Descriptor& process, int signal);

}  // namespace sampleproc::loadtest

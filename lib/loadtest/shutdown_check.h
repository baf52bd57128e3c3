// Whether a service on this machine ends without cutting anybody off.
#pragma once

#include <sys/types.h>

#include "loadtest/audit.h"
#include "loadtest/runner.h"

namespace sampleproc::loadtest {

// Sends no signal, and fails, unless `pid` is seen to listen at the target's address. Loads the
// target for a second, sends SIGTERM to `pid`, the target's process, and loads on until it is gone,
// a minute at most. Answers of 503 and refused connections are right then; an answer that is cut
// off, reset or never comes is a failure, and so is a process that stays. `load` says whom to ask
// for what; its loop and length are chosen here.
AuditItem CheckShutdown(RunPlan load, pid_t pid, const base::CancelFlag& stop);

}  // namespace sampleproc::loadtest

// The service as a whole: what it is called and how it stops. It lives here, below its owner,
// because service/ includes config/ and not the other way round.
#pragma once

#include <chrono>
#include <string>

#include "config/version.h"

namespace sampleproc::config {

struct ServiceOptions {
  // Reported by the health answers and on every log line.
  std::string name = "sample-processor";
  std::string version{kVersion};

  // From the signal to the forced end, drain_delay included.
  std::chrono::milliseconds shutdown_timeout{30'000};

  // How long new requests are still served after the service has reported itself not ready, so
  // that balancers can notice. 0 = stop taking work at once.
  std::chrono::milliseconds drain_delay{0};

  // A worker that has been at one frame for longer counts as stuck: the service is not ready then,
  // and not alive when all are. Longer than process.deadline, which ends what can be ended.
  std::chrono::milliseconds stuck_after{30'000};

  // Whether the service ends, with the exit code of an internal error, when a worker is stuck. Off
  // it goes on with one worker less and is not ready until somebody starts it anew.
  bool exit_when_stuck = true;
};

}  // namespace sampleproc::config

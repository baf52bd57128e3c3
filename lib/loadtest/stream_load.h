// A load that goes through Redis: frames are put on the stream that a service reads, and its
// results and dead letters are read back.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "loadtest/frame_requests.h"
#include "loadtest/runner.h"
#include "net/redis_client.h"

namespace sampleproc::loadtest {

struct StreamTarget {
  net::ConnectStream connect;
  net::RedisLogin login;
  net::RedisLimits limits;
  std::string name;     // "redis://127.0.0.1:6379", for messages
  std::string stream;   // the service reads it,
  std::string group;    // as this group
  std::string results;  // and writes here,
  std::string dead;     // and here what it could not process
};

// Sees that the server answers and that the group is there: without it nothing reads the stream.
// Fails with kUnavailable; the message says what to do.
base::Result<void> FindStream(const StreamTarget& target, const base::Allowance& allowance);

// Sends what the schedule of `plan` says: what is due together in one piece, the next when Redis
// has answered. plan.loop.timeout bounds how long a frame's outcome may take. stream_ledger.h says
// how frames count. Latency is the time to the reading of the result: corrected from the intended
// time, raw from the XADD. A frame that is due while Redis has not answered what was sent before
// has `waited`. That is lag of the generator, too: cameras would not have waited for each other.
//
// When each frame has its outcome it is read on for plan.settle, and once to the end of what is
// there, so that a second outcome is seen. `load` says what frames are sent. Returns as RunLoad.
base::Result<RunResult> RunStreamLoad(const RunPlan& plan, const StreamTarget& target,
                                      const FrameLoad& load, const base::CancelFlag& stop,
                                      const Watch& watch);

}  // namespace sampleproc::loadtest

// Signals as values that one thread waits for.
#pragma once

#include <csignal>

namespace sampleproc::service {

// Blocks SIGTERM, SIGINT and SIGHUP in the calling thread and all that it starts afterwards, and
// ignores SIGPIPE, so that a peer that is gone is an error of a write. Made before any other
// thread; the signals stay blocked when it is destroyed.
class Signals {
 public:
  Signals();

  // Sleeps until one of them arrives and returns it.
  int Wait() const;

 private:
  sigset_t set_;
};

}  // namespace sampleproc::service

// Signals that end a command which else ends by itself: SIGHUP, SIGINT, SIGQUIT and SIGTERM.
#pragma once

#include <atomic>
#include <optional>
#include <thread>

#include "apps/exit_code.h"
#include "base/deadline.h"
#include "service/signals.h"

namespace sampleproc::apps {

// Turns the first signal into a stop flag and the second into an exit at once. Made before any
// other thread is.
class Interrupts {
 public:
  explicit Interrupts(const base::CancelFlag& stop);
  ~Interrupts();

  // The exit code for what has arrived, nothing when nothing has.
  std::optional<ExitCode> code() const;

 private:
  void Watch(const base::CancelFlag& stop);

  service::Signals signals_;
  std::atomic<int> signal_ = 0;
  std::thread watcher_;  // last: it uses the others
};

}  // namespace sampleproc::apps

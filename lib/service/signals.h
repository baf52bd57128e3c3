// Signals as values that one thread waits for.
#pragma once

#include <chrono>
#include <initializer_list>
#include <optional>

namespace sampleproc::service {

// Blocks the given signals in the calling thread and all that it starts afterwards, and ignores
// SIGPIPE and SIGXFSZ, so that a peer that is gone and a file at its largest size (ulimit -f) are
// errors of a write. Made before any other thread; the signals stay blocked when it is destroyed.
class Signals {
 public:
  Signals(std::initializer_list<int> signals);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();

  // Sleeps until one of them arrives and returns it, or 0 after Wake() or `patience`. One thread at
  // a time.
  int Wait(std::optional<std::chrono::milliseconds> patience = {}) const;

  // Ends the Wait of another thread, this one and all later ones.
  void Wake() const;

 private:
  int signal_fd_;
  int wake_fd_;
};

}  // namespace sampleproc::service

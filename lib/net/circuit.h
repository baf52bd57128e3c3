// Leaves an upstream alone that takes no connections.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"
#include "base/mutex.h"

namespace sampleproc::net {

// Each attempt at an upstream that is away may hold its caller for as long as a connection may
// take. So after kTries failures in a row the circuit is open: nobody tries for kShortest, then one
// caller does; each further failure doubles the rest, up to kLongest. A success closes it.
// Thread-safe.
class Circuit {
 public:
  static constexpr int kTries = 3;
  static constexpr std::chrono::seconds kShortest{1};
  static constexpr std::chrono::seconds kLongest{30};

  // `clock` must outlive the circuit.
  explicit Circuit(const base::Clock& clock) : clock_(clock) {}

  // Whether the caller may try; then one of the next three must follow.
  bool MayTry();
  void Succeeded() { Close(); }
  void Failed();
  void GaveUp();  // it says nothing about the upstream

  void Close();

  // Whether the upstream is left alone, but for one attempt now and then.
  bool is_open() const;
  // How often it has opened, from closed.
  std::uint64_t opened() const;

 private:
  const base::Clock& clock_;
  mutable base::Mutex mutex_;
  int failures_ GUARDED_BY(mutex_) = 0;  // in a row
  base::MonoTime next_try_ GUARDED_BY(mutex_){};
  std::uint64_t opened_ GUARDED_BY(mutex_) = 0;
};

}  // namespace sampleproc::net

// Suspects and the others: who may be worked on beside whom.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>

#include "base/clock.h"
#include "consumer/held_frame.h"

namespace sampleproc::consumer {

// A suspect is worked alone. One that does not end within kLongest is stuck: the others wait for it
// no longer. Used by one thread at a time.
class SuspectGate {
 public:
  // What kills a process does so soon.
  static constexpr std::chrono::milliseconds kLongest{1'000};

  // Whether `next` may begin while `begun` frames have and have not ended.
  bool MayBegin(const HeldFrame& next, std::size_t begun, base::MonoTime now);
  void Begun(const HeldFrame& frame, base::MonoTime now);
  void Ended(const HeldFrame& frame);

  // When the others go on at the latest; nothing when they do not wait.
  std::optional<base::MonoTime> end() const {
    return alone_ ? std::optional(alone_->longest) : std::nullopt;
  }

 private:
  struct Alone {
    std::uint64_t number;
    base::MonoTime longest;
  };

  std::optional<Alone> alone_;
  std::set<std::uint64_t> stuck_;
};

}  // namespace sampleproc::consumer

// What became of the frames that a consumer was handed, in numbers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/mutex.h"
#include "consumer/frame_source.h"
#include "telemetry/metrics.h"

namespace sampleproc::consumer {

// Thread-safe. Invariant: offered = held + the sum of everything else, whatever there is no memory
// for: it counts before the metrics do.
class Ledger {
 public:
  struct Totals {
    std::uint64_t offered = 0;
    std::uint64_t done = 0;
    std::uint64_t dropped = 0;
    std::uint64_t dead = 0;
    std::uint64_t returned = 0;    // to be done later or by somebody else
    std::uint64_t taken_over = 0;  // somebody else settled them while we were at it

    std::uint64_t held() const { return offered - done - dropped - dead - returned - taken_over; }
  };

  // `metrics` must outlive it.
  explicit Ledger(telemetry::Metrics& metrics) : metrics_(metrics) {}

  void Offered(std::size_t frames) noexcept;
  // One frame ended: as it was settled, or taken over by somebody else (not `ours`).
  void Settled(Ending ending, std::string_view reason, bool ours) noexcept;

  // How long the source took with a frame's settlement.
  void SettlingTook(std::chrono::nanoseconds time) noexcept { metrics_.StageEnded("settle", time); }

  Totals totals() const;

 private:
  telemetry::Metrics& metrics_;
  mutable base::Mutex mutex_;
  Totals totals_ GUARDED_BY(mutex_);
};

}  // namespace sampleproc::consumer

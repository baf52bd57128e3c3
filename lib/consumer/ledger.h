// What became of the frames that a consumer was handed, in numbers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/mutex.h"
#include "consumer/frame_source.h"
#include "consumer/metrics.h"
#include "process/metrics.h"

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

  // Both must outlive it.
  Ledger(const Metrics& metrics, process::Metrics& frames) : metrics_(metrics), frames_(frames) {}

  void Offered(std::size_t frames) noexcept;
  // One frame ended: as it was settled, or taken over by somebody else (not `ours`).
  void Settled(Ending ending, std::string_view reason, bool ours) noexcept;

  // A fetch of pixels has failed, for `reason`, and the frame waits for the next one.
  void FetchedAgain(std::string_view reason) noexcept;

  // How long the source took with a frame's settlement.
  void SettlingTook(std::chrono::nanoseconds time) noexcept { frames_.StageEnded("settle", time); }

  Totals totals() const;
  // Frames that were not finished, by the outcome ("dropped", "dead") and its reason.
  std::map<std::pair<std::string_view, std::string>, std::uint64_t> lost() const;

 private:
  const Metrics& metrics_;
  process::Metrics& frames_;
  mutable base::Mutex mutex_;
  Totals totals_ GUARDED_BY(mutex_);
  std::map<std::pair<std::string_view, std::string>, std::uint64_t> lost_ GUARDED_BY(mutex_);
};

}  // namespace sampleproc::consumer

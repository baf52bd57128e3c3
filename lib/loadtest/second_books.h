// What was measured, kept by seconds of the run.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "loadtest/measurement.h"
#include "loadtest/pacer.h"

namespace sampleproc::loadtest {

// A request is counted as due in the second of its intended time, its outcome in the second in
// which it came. Both may be written down late: by a machine that is busy at the end of a second.
// So a second is complete only when its time is over and the schedule has gone past it. Not
// thread-safe.
class SecondBooks {
 public:
  explicit SecondBooks(base::MonoTime start = {}) : start_(start) {}

  // That of the second of `at`; of the first one not yet taken when that second was.
  Measurement& At(base::MonoTime at);

  // When the first second that was not taken ends.
  base::MonoTime End() const { return start_ + std::chrono::seconds(first_ + 1); }
  // Whether nothing more can be written down of it: `next` is what is due next.
  bool IsComplete(base::MonoTime now, const std::optional<Arrival>& next) const {
    return now >= End() && (!next || start_ + next->at >= End());
  }

  // The number of the first second that was not taken.
  std::uint64_t first() const { return first_; }
  // Whether nothing is written down that was not taken.
  bool empty() const { return seconds_.empty(); }
  // Of second first(), empty when nothing was written down in it. first() is then the next one.
  std::unique_ptr<Measurement> Take();
  // An empty one, to be filled again.
  void Reuse(std::unique_ptr<Measurement> spare) { spare_ = std::move(spare); }

 private:
  std::unique_ptr<Measurement> Make();

  base::MonoTime start_;
  std::uint64_t first_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Measurement>> seconds_;
  std::unique_ptr<Measurement> spare_;
};

}  // namespace sampleproc::loadtest

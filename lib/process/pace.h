// Work in pieces under a deadline: what will not end in time is refused as soon as that can be
// told, not when the time is up.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/error.h"

namespace sampleproc::process {

// Used by one thread, for one frame's pass through one step. Begins with its construction.
class Pace {
 public:
  // `total` is the price of all the work in any unit (pixels, windows); `what` completes "... would
  // take about 9 s": "looking for faces in 7200x5400 pixels". The allowance must outlive it.
  Pace(const base::Allowance& allowance, double total, std::string what)
      : allowance_(allowance),
        total_(total),
        what_(std::move(what)),
        begin_(base::ThreadCpuClock().Now()) {}

  // Asked between pieces, `done` of the total being behind. Fails with kCancelled, and with
  // kDeadline when the time is up or when, at the price so far, the rest would take more than twice
  // the time that is left on a CPU of its own. The price is CPU time: what else the machine is busy
  // with makes no frame dearer, and whether the frame is late for that is told by its deadline.
  base::Result<void> Check(double done) const;

 private:
  const base::Allowance& allowance_;
  const double total_;
  const std::string what_;
  const base::MonoTime begin_;  // by the thread's CPU time
};

}  // namespace sampleproc::process

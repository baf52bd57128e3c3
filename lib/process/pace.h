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
        begin_(base::SystemClock().Now()) {}

  // Asked between pieces, `done` of the total being behind. Fails with kCancelled, and with
  // kDeadline when the time is up or when, at the pace so far, the rest would take more than twice
  // the time that is left: a machine that was slow for a moment is no reason.
  base::Result<void> Check(double done) const;

 private:
  const base::Allowance& allowance_;
  const double total_;
  const std::string what_;
  const base::MonoTime begin_;
};

}  // namespace sampleproc::process

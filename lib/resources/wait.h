// A wait for what others hold: for so long, by a deadline, or until nobody wants it any more.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/mutex.h"

namespace sampleproc::resources {

// Stands in the loop that CondVar asks for. Its time running out is the others' fault, whichever of
// patience and deadline it was, so both are one thing here.
class PatientWait {
 public:
  // Begins now. `patience` is of the system's clock; the allowance must outlive it.
  PatientWait(std::chrono::milliseconds patience, const base::Allowance& allowance)
      : allowance_(allowance),
        give_up_(base::SystemClock(), std::min(patience, base::kForever)),
        wake_(allowance.deadline.Never() || allowance.deadline.OnSystemClock()
                  ? base::Deadline::Earlier(give_up_, allowance.deadline)
                  : allowance.deadline) {}

  // Fails with kCancelled.
  base::Result<void> Wanted() const {
    if (!allowance_.cancel.Cancelled()) return {};
    return allowance_.Check("waiting");
  }

  bool Over() const { return give_up_.Expired() || allowance_.deadline.Expired(); }

  void For(base::CondVar& changed, base::Mutex& mutex) const REQUIRES(mutex) {
    changed.WaitUntil(mutex, wake_, allowance_.cancel);
  }

 private:
  const base::Allowance& allowance_;
  const base::Deadline give_up_;
  const base::Deadline wake_;  // the earlier of both, or one that no thread can sleep on
};

}  // namespace sampleproc::resources

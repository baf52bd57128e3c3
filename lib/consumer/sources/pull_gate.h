// Who may still ask an upstream: a source's way to end what waits for an answer.
#pragma once

#include <chrono>

#include "base/deadline.h"
#include "base/mutex.h"

namespace sampleproc::consumer {

// One thread passes, any may interrupt.
class PullGate {
 public:
  // While it exists its owner asks the upstream, if it was let in.
  class Pass {
   public:
    explicit Pass(PullGate& gate) : gate_(gate), let_in_(gate.Enter()) {}
    ~Pass() {
      if (let_in_) gate_.Leave();
    }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    bool let_in() const { return let_in_; }

   private:
    PullGate& gate_;
    const bool let_in_;
  };

  // What one who was let in hands to whatever waits.
  const base::CancelFlag& cancel() const { return cancel_; }

  // Nobody is let in from now on. Who is in has `patience`, and no longer than until `end`, to take
  // the answer that is on its way, and is cancelled then.
  void Interrupt(std::chrono::milliseconds patience, const base::Deadline& end = {});

 private:
  bool Enter();
  void Leave();

  const base::CancelFlag cancel_;
  base::Mutex mutex_;
  base::CondVar left_;
  bool interrupted_ GUARDED_BY(mutex_) = false;
  bool inside_ GUARDED_BY(mutex_) = false;
};

}  // namespace sampleproc::consumer

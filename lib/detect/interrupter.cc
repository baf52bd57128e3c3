#include "detect/interrupter.h"

namespace sampleproc::detect {

Interrupter::Interrupter() : thread_([this] { Work(); }) {}

Interrupter::~Interrupter() {
  {
    const base::MutexLock lock(mutex_);
    ending_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

void Interrupter::Work() {
  const base::MutexLock lock(mutex_);
  while (!ending_) {
    base::Deadline next;
    for (Watched& each : watched_) {
      if (each.deadline.Expired()) {
        each.stop();
        each.deadline = {};
      }
      next = base::Deadline::Earlier(next, each.deadline);
    }
    if (next.Never()) {
      changed_.Wait(mutex_);
    } else {
      changed_.WaitUntil(mutex_, next);
    }
  }
}

Interrupter::Watch::Watch(Interrupter& interrupter, const base::Allowance& allowance,
                          const std::function<void()>& stop)
    : interrupter_(interrupter),
      place_([&] {
        const base::MutexLock lock(interrupter.mutex_);
        interrupter.watched_.push_back({allowance.deadline, stop});
        // Most runs end long before; the thread need not wake for one that it would sleep through.
        if (!allowance.deadline.Never()) interrupter.changed_.NotifyAll();
        return std::prev(interrupter.watched_.end());
      }()),
      cancel_(allowance.cancel, stop) {}

Interrupter::Watch::~Watch() {
  const base::MutexLock lock(interrupter_.mutex_);
  interrupter_.watched_.erase(place_);
}

}  // namespace sampleproc::detect

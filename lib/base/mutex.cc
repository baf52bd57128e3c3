#include "base/mutex.h"

#include <utility>

namespace sampleproc::base {
namespace {

// The point in the system's time at which a wait looks at the deadline again.
MonoTime WakeAt(const Deadline& deadline) {
  const MonoTime now = SystemClock().Now();
  if (deadline.OnSystemClock()) return deadline.At();
  return now + (deadline.Never() ? kForever : std::chrono::milliseconds(1));
}

}  // namespace

void CondVar::WaitUntil(Mutex& mutex, const Deadline& deadline) {
  changed_.wait_until(mutex.mutex_, WakeAt(deadline));
}

void CondVar::WaitUntil(Mutex& mutex, const Deadline& deadline, const CancelFlag& cancel) {
  // The library has no wait by token without a predicate: this one holds from the second look on.
  bool waited = false;
  changed_.wait_until(mutex.mutex_, cancel.Token(), WakeAt(deadline),
                      [&waited] { return std::exchange(waited, true); });
}

}  // namespace sampleproc::base

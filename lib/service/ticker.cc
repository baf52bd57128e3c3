#include "service/ticker.h"

#include <exception>
#include <utility>

#include "base/deadline.h"

namespace sampleproc::service {

Ticker::Ticker(std::chrono::microseconds pause, std::function<void()> tick)
    : pause_(pause), tick_(std::move(tick)), thread_([this] { Run(); }) {}

Ticker::~Ticker() {
  {
    const base::MutexLock lock(mutex_);
    stopping_ = true;
  }
  stopped_.NotifyAll();
}

void Ticker::Run() {
  base::MutexLock lock(mutex_);
  while (!stopping_) {
    lock.Unlock();
    try {
      tick_();
    } catch (const std::exception&) {  // no memory: the next one may have some
    }
    const base::Deadline next(base::SystemClock(), pause_);
    lock.Lock();
    while (!stopping_ && !next.Expired()) stopped_.WaitUntil(mutex_, next);
  }
}

}  // namespace sampleproc::service

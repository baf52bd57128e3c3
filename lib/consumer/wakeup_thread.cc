#include "consumer/wakeup_thread.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

namespace sampleproc::consumer {
namespace {

constexpr std::chrono::milliseconds kAfterFailure{100};

}  // namespace

void WakeupThread::At(base::MonoTime when) {
  {
    const base::MutexLock lock(mutex_);
    next_ = next_ ? std::min(*next_, when) : when;
  }
  changed_.NotifyAll();
}

void WakeupThread::Run(std::function<void()> tick) {
  thread_ = std::thread([this, tick = std::move(tick)] { Loop(tick); });
}

void WakeupThread::Stop() {
  stopping_.Cancel();
  if (thread_.joinable()) thread_.join();
}

void WakeupThread::Loop(const std::function<void()>& tick) {
  base::MutexLock lock(mutex_);
  while (!stopping_.Cancelled()) {
    if (!next_) {
      changed_.WaitUntil(mutex_, {}, stopping_);
    } else if (const base::MonoTime now = clock_.Now(); now < *next_) {
      changed_.WaitUntil(mutex_, base::Deadline(clock_, *next_ - now), stopping_);
    } else {
      next_.reset();
      lock.Unlock();
      try {
        tick();
      } catch (const std::exception&) {  // no memory: what it was to do is tried again soon
        At(clock_.Now() + kAfterFailure);
      }
      lock.Lock();
    }
  }
}

}  // namespace sampleproc::consumer

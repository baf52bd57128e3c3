// A mutex whose data the compiler checks, and a condition to wait for with it.
//
// The annotations are clang's (clang.llvm.org/docs/ThreadSafetyAnalysis.html); g++ does not know
// them, so builds by clang check what is said here, with -Wthread-safety as an error.
#pragma once

#include <condition_variable>
#include <mutex>

#include "base/deadline.h"

#if defined(__clang__)
#define SAMPLEPROC_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define SAMPLEPROC_THREAD_ANNOTATION(x)
#endif

#define CAPABILITY(x) SAMPLEPROC_THREAD_ANNOTATION(capability(x))
#define SCOPED_CAPABILITY SAMPLEPROC_THREAD_ANNOTATION(scoped_lockable)
#define GUARDED_BY(x) SAMPLEPROC_THREAD_ANNOTATION(guarded_by(x))
#define PT_GUARDED_BY(x) SAMPLEPROC_THREAD_ANNOTATION(pt_guarded_by(x))
#define REQUIRES(...) SAMPLEPROC_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define ACQUIRE(...) SAMPLEPROC_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define RELEASE(...) SAMPLEPROC_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define EXCLUDES(...) SAMPLEPROC_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))

namespace sampleproc::base {

class CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() ACQUIRE() { mutex_.lock(); }
  void Unlock() RELEASE() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

// Holds a mutex for its scope; Unlock lets go of it earlier, Lock takes it again.
class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() RELEASE() {
    if (held_) mutex_.Unlock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void Unlock() RELEASE() {
    held_ = false;
    mutex_.Unlock();
  }
  void Lock() ACQUIRE() {
    mutex_.Lock();
    held_ = true;
  }

 private:
  Mutex& mutex_;
  bool held_ = true;
};

// Each wait may end for no reason, so it stands in a loop that asks for what it waits for:
//
//   while (!ready_ && !deadline.Expired() && !cancel.Cancelled()) {
//     changed_.WaitUntil(mutex_, deadline, cancel);
//   }
class CondVar {
 public:
  void NotifyOne() { changed_.notify_one(); }
  void NotifyAll() { changed_.notify_all(); }

  void Wait(Mutex& mutex) REQUIRES(mutex) { changed_.wait(mutex.mutex_); }

  // Until the deadline at the latest. On a clock that no thread can sleep on (a test's) it ends
  // every millisecond.
  void WaitUntil(Mutex& mutex, const Deadline& deadline) REQUIRES(mutex);

  // Ends as soon as `cancel` is cancelled, too. Whoever cancels it needs no lock.
  void WaitUntil(Mutex& mutex, const Deadline& deadline, const CancelFlag& cancel) REQUIRES(mutex);

 private:
  std::condition_variable_any changed_;
};

}  // namespace sampleproc::base

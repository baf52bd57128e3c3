#include "base/mutex.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "support/fake_clock.h"

namespace sampleproc::base {
namespace {

struct Box {
  Mutex mutex;
  CondVar changed;
  bool waits GUARDED_BY(mutex) = false;
  bool ready GUARDED_BY(mutex) = false;
};

// Returns when the other thread has said, under the lock, that it is about to wait.
void AwaitWaiter(Box& box) {
  const MutexLock lock(box.mutex);
  while (!box.waits) box.changed.Wait(box.mutex);
}

TEST_CASE("a wait without an end ends when it is cancelled") {
  Box box;
  const CancelFlag cancel;
  std::jthread waiter([&] {
    const MutexLock lock(box.mutex);
    box.waits = true;
    box.changed.NotifyAll();
    while (!box.ready && !cancel.Cancelled()) {
      box.changed.WaitUntil(box.mutex, Deadline(), cancel);
    }
  });
  AwaitWaiter(box);
  cancel.Cancel();  // without the lock, at whatever point the waiter is
  waiter.join();
  CHECK(cancel.Cancelled());
}

TEST_CASE("a wait that was cancelled before it began does not begin") {
  Box box;
  const CancelFlag cancel;
  cancel.Cancel();
  const MutexLock lock(box.mutex);
  box.changed.WaitUntil(box.mutex, Deadline(), cancel);
}

TEST_CASE("a wait on a clock of a test ends when that clock is moved") {
  Box box;
  testing::FakeClock clock;
  const Deadline deadline(clock, std::chrono::hours(1));
  std::jthread waiter([&] {
    const MutexLock lock(box.mutex);
    box.waits = true;
    box.changed.NotifyAll();
    while (!box.ready && !deadline.Expired()) box.changed.WaitUntil(box.mutex, deadline);
  });
  AwaitWaiter(box);
  clock.Advance(std::chrono::hours(2));
  waiter.join();
  CHECK(deadline.Expired());
}

TEST_CASE("a scoped lock can let go of the mutex and take it again") {
  Box box;
  MutexLock lock(box.mutex);
  lock.Unlock();
  {
    const MutexLock other(box.mutex);
  }
  lock.Lock();
}

TEST_CASE("what watches a flag is called once, at once when it is cancelled already") {
  const CancelFlag cancel;
  int calls = 0;
  {
    const CancelWatch watch(cancel, [&] { ++calls; });
    const CancelFlag copy = cancel;
    copy.Cancel();
    copy.Cancel();
    CHECK(calls == 1);
  }
  const CancelWatch late(cancel, [&] { ++calls; });
  CHECK(calls == 2);
}

TEST_CASE("what no longer watches a flag is not called") {
  const CancelFlag cancel;
  int calls = 0;
  {
    const CancelWatch watch(cancel, [&] { ++calls; });
  }
  cancel.Cancel();
  CHECK(calls == 0);
}

}  // namespace
}  // namespace sampleproc::base

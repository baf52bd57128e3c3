// One frame at a time through what takes very much memory and time, however many threads there are.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <string>

#include "base/deadline.h"
#include "base/error.h"
#include "base/mutex.h"

namespace sampleproc::resources {

// Thread-safe. First come, first served. One belongs to each service, so two in one process do not
// hold each other up.
class HeavyLane {
 public:
  // Holds the lane until it is destroyed or moved from. Used by one thread at a time; the lane must
  // outlive it.
  class Slot {
   public:
    Slot() = default;
    Slot(Slot&& other) noexcept;
    Slot& operator=(Slot&& other) noexcept;
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    ~Slot() { Leave(); }

   private:
    friend class HeavyLane;
    explicit Slot(HeavyLane* lane) : lane_(lane) {}
    void Leave();

    HeavyLane* lane_ = nullptr;
  };

  // `max_waiting` threads may wait for the lane; the next one is refused at once. So is one whose
  // patience would end before those that wait already have had their time.
  explicit HeavyLane(std::size_t max_waiting) : max_waiting_(max_waiting) {}
  HeavyLane(const HeavyLane&) = delete;
  HeavyLane& operator=(const HeavyLane&) = delete;

  // Takes the lane, waiting until `patience` has passed or the allowance ends. Fails with
  // kOverloaded (with `retry_after`; a deadline that passes while waiting is another frame's
  // fault), or kCancelled. A thread must not enter twice.
  base::Result<Slot> Enter(std::chrono::milliseconds patience, const base::Allowance& allowance);

  // Calls `watcher` with the number of waiting threads each time it changes, under the lane's lock:
  // it must neither enter, wait nor throw. Empty for nobody. Whoever hands out work to those
  // threads learns by it that some of them do nothing.
  void Watch(std::function<void(std::size_t waiting)> watcher);

  std::size_t waiting() const;

 private:
  class Place;

  void Leave();
  void TellWatcher() REQUIRES(mutex_);
  void Take() REQUIRES(mutex_);
  std::chrono::steady_clock::duration TimeOfEach() const REQUIRES(mutex_);
  std::unexpected<base::Error> Refusal(std::string message) const REQUIRES(mutex_);

  const std::size_t max_waiting_;
  mutable base::Mutex mutex_;
  base::CondVar left_;
  bool taken_ GUARDED_BY(mutex_) = false;
  std::chrono::steady_clock::time_point taken_at_ GUARDED_BY(mutex_);   // while taken_
  std::chrono::steady_clock::duration last_held_ GUARDED_BY(mutex_){};  // by who left last
  std::deque<const void*> waiting_ GUARDED_BY(mutex_);                  // in the order of arrival
  std::function<void(std::size_t)> watcher_ GUARDED_BY(mutex_);
};

}  // namespace sampleproc::resources

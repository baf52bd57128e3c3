// One frame at a time through what takes very much memory and time, however many threads there are.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>

#include "base/deadline.h"
#include "base/error.h"

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

  // `max_waiting` threads may wait for the lane; the next one is refused at once.
  explicit HeavyLane(std::size_t max_waiting) : max_waiting_(max_waiting) {}
  HeavyLane(const HeavyLane&) = delete;
  HeavyLane& operator=(const HeavyLane&) = delete;

  // Takes the lane, waiting until `patience` has passed or the allowance ends. Fails with
  // kOverloaded (with `retry_after`), kDeadline or kCancelled. A thread must not enter twice.
  base::Result<Slot> Enter(std::chrono::milliseconds patience, const base::Allowance& allowance);

  // Calls `watcher` with the number of waiting threads each time it changes, under the lane's lock:
  // it must neither enter nor wait. Empty for nobody. Whoever hands out work to those threads
  // learns by it that some of them do nothing.
  void Watch(std::function<void(std::size_t waiting)> watcher);

  std::size_t waiting() const;

 private:
  void Leave();
  void TellWatcher();
  void Take();
  std::unexpected<base::Error> Refusal(std::string message) const;

  const std::size_t max_waiting_;
  mutable std::mutex mutex_;
  std::condition_variable left_;
  bool taken_ = false;                               // guarded by mutex_
  std::chrono::steady_clock::time_point taken_at_;   // guarded by mutex_; while taken_
  std::chrono::steady_clock::duration last_held_{};  // guarded by mutex_; by who left last
  std::deque<const void*> waiting_;                  // guarded by mutex_; in the order of arrival
  std::function<void(std::size_t)> watcher_;         // guarded by mutex_
};

}  // namespace sampleproc::resources

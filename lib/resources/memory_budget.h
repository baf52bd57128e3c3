// One budget for everything whose size a stranger decides: request bodies, decoded pixels, step
// scratch, motion state. Memory is reserved before it is allocated and given back by scope, so the
// sum of what strangers can make us hold never exceeds the budget.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>

#include "base/deadline.h"
#include "base/error.h"
#include "resources/drain_estimate.h"

namespace sampleproc::resources {

class MemoryBudget;

// Holds `bytes()` of a budget until it is destroyed, moved from or released. Movable; used by one
// thread at a time. The budget must outlive it.
class Reservation {
 public:
  Reservation() = default;
  Reservation(Reservation&& other) noexcept;
  Reservation& operator=(Reservation&& other) noexcept;
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;
  ~Reservation() { Release(); }

  std::size_t bytes() const { return bytes_; }
  void Release();

 private:
  friend class MemoryBudget;
  Reservation(MemoryBudget* budget, std::size_t bytes) : budget_(budget), bytes_(bytes) {}

  MemoryBudget* budget_ = nullptr;
  std::size_t bytes_ = 0;
};

// All functions may be called from any thread.
class MemoryBudget {
 public:
  // Whoever is refused for now is told to come back after what `drain` estimates; it must outlive
  // the budget. Without it the error does not say.
  explicit MemoryBudget(std::size_t capacity_bytes, const DrainEstimate* drain = nullptr)
      : capacity_(capacity_bytes), drain_(drain) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  // Takes `bytes` at once or fails with kOverloaded; never waits, so it is what an I/O thread
  // calls. More than the whole capacity fails with kInvalidFrame: waiting would not help. `what`
  // completes "no memory for ...".
  base::Result<Reservation> TryReserve(std::size_t bytes, std::string_view what);

  // As TryReserve, but waits until `patience` has passed or the allowance ends. Workers only.
  base::Result<Reservation> Reserve(std::size_t bytes, std::string_view what,
                                    std::chrono::milliseconds patience,
                                    const base::Allowance& allowance);

  std::size_t capacity() const { return capacity_; }
  std::size_t used() const;

 private:
  friend class Reservation;
  void GiveBack(std::size_t bytes);
  base::Result<void> CheckFits(std::size_t bytes, std::string_view what) const;

  std::unexpected<base::Error> NoRoom(std::string_view what) const;

  const std::size_t capacity_;
  const DrainEstimate* const drain_;
  mutable std::mutex mutex_;
  std::condition_variable freed_;
  std::size_t used_ = 0;  // guarded by mutex_; never above capacity_
};

}  // namespace sampleproc::resources

// One budget for everything whose size a stranger decides: request bodies, decoded pixels, step
// scratch, motion state. Memory is reserved before it is allocated and given back by scope, so the
// sum of what strangers can make us hold never exceeds the budget.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/deadline.h"
#include "base/error.h"
#include "base/mutex.h"
#include "resources/drain_estimate.h"

namespace sampleproc::resources {

class MemoryBudget;
class PatientWait;

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
  // Takes over what `other` holds of the same budget.
  void Add(Reservation other);
  // Hands out `bytes` of what is held, or all when that is less.
  Reservation Split(std::size_t bytes);

 private:
  friend class MemoryBudget;
  Reservation(MemoryBudget* budget, std::size_t bytes) : budget_(budget), bytes_(bytes) {}

  MemoryBudget* budget_ = nullptr;
  std::size_t bytes_ = 0;
};

// What a part of those who share a budget may hold of it together.
struct Share {
  std::size_t most = 0;        // bytes
  std::string_view rule = {};  // static; completes a sentence: "a camera may hold 1 MiB (rule)"
  std::string_view who = {};   // static; "a camera"
  std::string_view help = {};  // static; what to do when it is too little: "send less"
};

// All functions may be called from any thread.
class MemoryBudget {
 public:
  // Whoever is refused for now is told to come back after what `drain` estimates; it must outlive
  // the budget. Without it the error does not say.
  explicit MemoryBudget(std::size_t capacity_bytes, const DrainEstimate* drain = nullptr)
      : capacity_(capacity_bytes), drain_(drain) {}

  // One frame's part of `whole`, which must outlive it and from which it takes all. The frame holds
  // `held` bytes already: what would not fit beside these and what it takes later would have to
  // wait for itself, so it is refused as what never fits.
  MemoryBudget(MemoryBudget& whole, std::size_t held)
      : capacity_(whole.capacity_), drain_(whole.drain_), whole_(&whole), held_(held) {}

  // A share of `whole`, which must outlive it and from which it takes all. Here kOverloaded is also
  // the failure of what can never fit into the share, and the message says who may hold how much.
  MemoryBudget(MemoryBudget& whole, const Share& share)
      : capacity_(std::min(share.most, whole.capacity_)),
        drain_(whole.drain_),
        whole_(&whole),
        share_(share) {}

  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  // Takes `bytes` at once or fails with kOverloaded; never waits, so it is what an I/O thread
  // calls. What can never fit fails with kInvalidFrame: waiting would not help. `what` completes
  // "no memory for ...".
  base::Result<Reservation> TryReserve(std::size_t bytes, std::string_view what);

  // As TryReserve, but waits until `patience` has passed or the allowance ends: kOverloaded, too,
  // when its deadline passes meanwhile, or kCancelled. Of a share the patience is that of each
  // level. Workers and readers of cameras only.
  base::Result<Reservation> Reserve(std::size_t bytes, std::string_view what,
                                    std::chrono::milliseconds patience,
                                    const base::Allowance& allowance);

  // Fails with kInvalidFrame when `bytes` can never be reserved.
  base::Result<void> CheckFits(std::size_t bytes, std::string_view what) const;

  std::size_t capacity() const { return capacity_; }
  std::size_t used() const;
  // Of one frame's part: how long its calls of Reserve have waited, those that failed included.
  std::chrono::nanoseconds waited() const;

 private:
  friend class Reservation;
  // Of the whole: as Reserve, and adds to `waited` how long it had to wait.
  base::Result<Reservation> Await(std::size_t bytes, std::string_view what,
                                  std::chrono::milliseconds patience,
                                  const base::Allowance& allowance,
                                  std::chrono::nanoseconds& waited);
  void GiveBack(std::size_t bytes);
  bool HasRoom(std::size_t bytes) const REQUIRES(mutex_) { return bytes <= capacity_ - used_; }
  bool Take(std::size_t bytes);
  base::Result<bool> TakeWithin(std::size_t bytes, const PatientWait& wait,
                                std::chrono::nanoseconds& waited);
  base::Result<bool> AwaitRoom(std::size_t bytes, const PatientWait& wait) REQUIRES(mutex_);
  Reservation Own(base::Result<Reservation>& of_whole, std::size_t bytes);
  base::Result<Reservation> OfWhole(base::Result<Reservation> of_whole, std::size_t bytes);
  std::unexpected<base::Error> NoRoom(std::string_view what) const;
  std::unexpected<base::Error> OverShare(std::string_view what, std::size_t bytes) const;

  const std::size_t capacity_;
  const DrainEstimate* const drain_;
  MemoryBudget* const whole_ = nullptr;  // null: this is it
  const std::optional<Share> share_;     // else a part of `whole_` has all of its capacity
  const std::size_t held_ = 0;
  mutable base::Mutex mutex_;
  base::CondVar freed_;
  std::size_t used_ GUARDED_BY(mutex_) = 0;  // never above capacity_
  std::chrono::nanoseconds waited_ GUARDED_BY(mutex_){0};
};

}  // namespace sampleproc::resources

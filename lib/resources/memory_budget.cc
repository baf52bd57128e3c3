#include "resources/memory_budget.h"

#include <algorithm>
#include <string>
#include <utility>

#include "resources/wait.h"

namespace sampleproc::resources {
namespace {

std::string Amount(std::size_t bytes) { return std::to_string(bytes) + " bytes"; }

// Rounded up.
std::string Mebibytes(std::size_t bytes) {
  constexpr std::size_t kOne = std::size_t{1} << 20;
  return std::to_string(bytes / kOne + (bytes % kOne != 0 ? 1 : 0)) + " MiB";
}

}  // namespace

Reservation::Reservation(Reservation&& other) noexcept
    : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  if (this != &other) {
    Release();
    budget_ = std::exchange(other.budget_, nullptr);
    bytes_ = std::exchange(other.bytes_, 0);
  }
  return *this;
}

void Reservation::Release() {
  if (budget_ != nullptr) budget_->GiveBack(bytes_);
  budget_ = nullptr;
  bytes_ = 0;
}

void Reservation::Add(Reservation other) {
  if (budget_ == nullptr) budget_ = other.budget_;
  bytes_ += std::exchange(other.bytes_, 0);
}

Reservation Reservation::Split(std::size_t bytes) {
  bytes = std::min(bytes, bytes_);
  bytes_ -= bytes;
  return {budget_, bytes};
}

base::Result<void> MemoryBudget::CheckFits(std::size_t bytes, std::string_view what) const {
  if (share_) {
    if (bytes > capacity_) return OverShare(what, bytes);
    return whole_->CheckFits(bytes, what);
  }
  const std::size_t own = whole_ == nullptr ? 0 : held_ + used();
  if (own <= capacity_ && bytes <= capacity_ - own) return {};
  std::string message = std::string(what) + " needs " + Amount(bytes);
  if (own > 0) message += " beside the " + Amount(own) + " that the frame holds already";
  return base::Fail(base::ErrorCode::kInvalidFrame,
                    message + ", more than the whole memory budget of " + Amount(capacity_) +
                        " (resources.memory_limit)");
}

std::unexpected<base::Error> MemoryBudget::NoRoom(std::string_view what) const {
  auto error =
      base::Fail(base::ErrorCode::kOverloaded, "no memory for " + std::string(what) + " now");
  if (drain_ != nullptr) error.error().retry_after = drain_->RetryAfter();
  return error;
}

std::unexpected<base::Error> MemoryBudget::OverShare(std::string_view what,
                                                     std::size_t bytes) const {
  const std::size_t held = used();
  std::string message = std::string(what) + " needs " + Mebibytes(bytes);
  if (bytes <= capacity_) message += " beside the " + Mebibytes(held) + " held already";
  message += ", and " + std::string(share_->who) + " may hold " + Mebibytes(capacity_) + " (" +
             std::string(share_->rule) + "): " + std::string(share_->help);
  return base::Fail(base::ErrorCode::kOverloaded, std::move(message));
}

// Counts them here, if there is room.
bool MemoryBudget::Take(std::size_t bytes) {
  const base::MutexLock lock(mutex_);
  if (!HasRoom(bytes)) return false;
  used_ += bytes;
  return true;
}

// Of a share that has counted them: what the whole has given, or its failure.
base::Result<Reservation> MemoryBudget::OfWhole(base::Result<Reservation> of_whole,
                                                std::size_t bytes) {
  if (of_whole) {
    of_whole->budget_ = nullptr;  // given back by way of this one
    return Reservation(this, bytes);
  }
  {
    const base::MutexLock lock(mutex_);
    used_ -= bytes;
  }
  freed_.NotifyAll();
  return of_whole;
}

// Of a frame's part: takes over what the whole has given.
Reservation MemoryBudget::Own(base::Result<Reservation>& of_whole, std::size_t bytes) {
  of_whole->budget_ = nullptr;  // given back by way of this one
  const base::MutexLock lock(mutex_);
  used_ += bytes;
  return {this, bytes};
}

base::Result<Reservation> MemoryBudget::TryReserve(std::size_t bytes, std::string_view what) {
  if (auto fits = CheckFits(bytes, what); !fits) return std::unexpected(fits.error());
  if (share_) {
    if (!Take(bytes)) return OverShare(what, bytes);
    return OfWhole(whole_->TryReserve(bytes, what), bytes);
  }
  if (whole_ != nullptr) {
    auto taken = whole_->TryReserve(bytes, what);
    if (!taken) return taken;
    return Own(taken, bytes);
  }
  const base::MutexLock lock(mutex_);
  if (!HasRoom(bytes)) return NoRoom(what);
  used_ += bytes;
  return Reservation(this, bytes);
}

base::Result<Reservation> MemoryBudget::Reserve(std::size_t bytes, std::string_view what,
                                                std::chrono::milliseconds patience,
                                                const base::Allowance& allowance) {
  std::chrono::nanoseconds waited{0};
  if (whole_ == nullptr || share_) return Await(bytes, what, patience, allowance, waited);
  if (auto fits = CheckFits(bytes, what); !fits) return std::unexpected(fits.error());
  auto taken = whole_->Await(bytes, what, patience, allowance, waited);
  {
    const base::MutexLock lock(mutex_);
    waited_ += waited;
  }
  if (!taken) return taken;
  return Own(taken, bytes);
}

base::Result<Reservation> MemoryBudget::Await(std::size_t bytes, std::string_view what,
                                              std::chrono::milliseconds patience,
                                              const base::Allowance& allowance,
                                              std::chrono::nanoseconds& waited) {
  if (auto fits = CheckFits(bytes, what); !fits) return std::unexpected(fits.error());
  if (auto room = TakeWithin(bytes, {patience, allowance}, waited); !room) {
    return std::unexpected(room.error());
  } else if (!*room) {
    return share_ ? OverShare(what, bytes) : NoRoom(what);
  }
  if (!share_) return Reservation(this, bytes);
  return OfWhole(whole_->Await(bytes, what, patience, allowance, waited), bytes);
}

// Waits for room, and counts them then; false: there was none in time.
base::Result<bool> MemoryBudget::TakeWithin(std::size_t bytes, const PatientWait& wait,
                                            std::chrono::nanoseconds& waited) {
  const base::MutexLock lock(mutex_);
  if (!HasRoom(bytes)) {
    const base::MonoTime begun = base::SystemClock().Now();
    auto ended = AwaitRoom(bytes, wait);
    waited += base::SystemClock().Now() - begun;
    if (!ended || !*ended) return ended;
  }
  used_ += bytes;
  return true;
}

base::Result<bool> MemoryBudget::AwaitRoom(std::size_t bytes, const PatientWait& wait) {
  while (!HasRoom(bytes)) {
    if (auto wanted = wait.Wanted(); !wanted) return std::unexpected(wanted.error());
    if (wait.Over()) return false;
    wait.For(freed_, mutex_);
  }
  return true;
}

std::chrono::nanoseconds MemoryBudget::waited() const {
  const base::MutexLock lock(mutex_);
  return waited_;
}

std::size_t MemoryBudget::used() const {
  const base::MutexLock lock(mutex_);
  return used_;
}

void MemoryBudget::GiveBack(std::size_t bytes) {
  {
    const base::MutexLock lock(mutex_);
    used_ -= bytes;
  }
  // Who waits for room waits here in a share, and else in the whole.
  if (whole_ == nullptr || share_) freed_.NotifyAll();
  if (whole_ != nullptr) whole_->GiveBack(bytes);
}

}  // namespace sampleproc::resources

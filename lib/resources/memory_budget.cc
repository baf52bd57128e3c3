#include "resources/memory_budget.h"

#include <algorithm>
#include <string>
#include <utility>

#include "resources/wait.h"

namespace sampleproc::resources {
namespace {

std::string Amount(std::size_t bytes) { return std::to_string(bytes) + " bytes"; }

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

// Of a frame's part: takes over what the whole has given.
Reservation MemoryBudget::Own(base::Result<Reservation>& of_whole, std::size_t bytes) {
  of_whole->budget_ = nullptr;  // given back by way of this one
  const base::MutexLock lock(mutex_);
  used_ += bytes;
  return {this, bytes};
}

base::Result<Reservation> MemoryBudget::TryReserve(std::size_t bytes, std::string_view what) {
  if (auto fits = CheckFits(bytes, what); !fits) return std::unexpected(fits.error());
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
  if (whole_ == nullptr) return Await(bytes, what, patience, allowance, waited);
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
  const PatientWait wait(patience, allowance);
  const base::MutexLock lock(mutex_);
  if (!HasRoom(bytes)) {
    const base::MonoTime begun = base::SystemClock().Now();
    auto ended = AwaitRoom(bytes, what, wait);
    waited += base::SystemClock().Now() - begun;
    if (!ended) return std::unexpected(ended.error());
  }
  used_ += bytes;
  return Reservation(this, bytes);
}

base::Result<void> MemoryBudget::AwaitRoom(std::size_t bytes, std::string_view what,
                                           const PatientWait& wait) {
  while (!HasRoom(bytes)) {
    if (auto wanted = wait.Wanted(); !wanted) return wanted;
    if (wait.Over()) return NoRoom(what);
    wait.For(freed_, mutex_);
  }
  return {};
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
  if (whole_ != nullptr) return whole_->GiveBack(bytes);
  freed_.NotifyAll();
}

}  // namespace sampleproc::resources

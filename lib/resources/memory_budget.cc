#include "resources/memory_budget.h"

#include <algorithm>
#include <string>
#include <utility>

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

base::Result<void> MemoryBudget::CheckFits(std::size_t bytes, std::string_view what) const {
  if (bytes <= capacity_) return {};
  return base::Fail(base::ErrorCode::kInvalidFrame, std::string(what) + " needs " + Amount(bytes) +
                                                        ", more than the whole memory budget of " +
                                                        Amount(capacity_) +
                                                        " (resources.memory_limit)");
}

std::unexpected<base::Error> MemoryBudget::NoRoom(std::string_view what) const {
  auto error =
      base::Fail(base::ErrorCode::kOverloaded, "no memory for " + std::string(what) + " now");
  if (drain_ != nullptr) error.error().retry_after = drain_->RetryAfter();
  return error;
}

base::Result<Reservation> MemoryBudget::TryReserve(std::size_t bytes, std::string_view what) {
  if (auto fits = CheckFits(bytes, what); !fits) return std::unexpected(fits.error());
  const std::lock_guard lock(mutex_);
  if (bytes > capacity_ - used_) {
    return NoRoom(what);
  }
  used_ += bytes;
  return Reservation(this, bytes);
}

base::Result<Reservation> MemoryBudget::Reserve(std::size_t bytes, std::string_view what,
                                                std::chrono::milliseconds patience,
                                                const base::Allowance& allowance) {
  if (auto fits = CheckFits(bytes, what); !fits) return std::unexpected(fits.error());
  const auto give_up = std::chrono::steady_clock::now() + std::min(patience, base::kForever);
  std::unique_lock lock(mutex_);
  while (bytes > capacity_ - used_) {
    if (auto allowed = allowance.Check("waiting for memory"); !allowed) {
      return std::unexpected(allowed.error());
    }
    const auto now = std::chrono::steady_clock::now();
    if (now >= give_up) {
      return NoRoom(what);
    }
    // Short slices, because a cancel flag cannot wake the condition variable.
    freed_.wait_until(lock, std::min(give_up, now + std::chrono::milliseconds(20)));
  }
  used_ += bytes;
  return Reservation(this, bytes);
}

std::size_t MemoryBudget::used() const {
  const std::lock_guard lock(mutex_);
  return used_;
}

void MemoryBudget::GiveBack(std::size_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    used_ -= bytes;
  }
  freed_.notify_all();
}

}  // namespace sampleproc::resources

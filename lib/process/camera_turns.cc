#include "process/camera_turns.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace sampleproc::process {
namespace {

// A waiting frame looks so often whether it was cancelled or is late; its turn wakes it at once.
constexpr std::chrono::milliseconds kLook{20};

}  // namespace

CameraTurns::Turn::Turn(Turn&& other) noexcept
    : turns_(std::exchange(other.turns_, nullptr)),
      number_(other.number_),
      declared_(other.declared_) {}

CameraTurns::Turn& CameraTurns::Turn::operator=(Turn&& other) noexcept {
  if (this != &other) {
    End();
    turns_ = std::exchange(other.turns_, nullptr);
    number_ = other.number_;
    declared_ = other.declared_;
  }
  return *this;
}

void CameraTurns::Turn::Declare(const std::optional<std::string>& camera_id) {
  if (turns_ == nullptr || declared_) return;
  if (!camera_id) return End();
  declared_ = true;
  {
    const std::lock_guard lock(turns_->mutex_);
    turns_->open_[number_] = *camera_id;
  }
  turns_->changed_.notify_all();
}

base::Result<void> CameraTurns::Turn::Wait(const base::Allowance& allowance) {
  if (turns_ == nullptr) return {};
  std::unique_lock lock(turns_->mutex_);
  while (!turns_->MayGo(number_)) {
    if (auto allowed = allowance.Check("waiting for the camera's earlier frame"); !allowed) {
      return allowed;
    }
    turns_->changed_.wait_for(lock, kLook);
  }
  return {};
}

void CameraTurns::Turn::End() {
  if (turns_ == nullptr) return;
  CameraTurns* const turns = std::exchange(turns_, nullptr);
  {
    const std::lock_guard lock(turns->mutex_);
    turns->open_.erase(number_);
    // Below the lock: whoever waits for the last turn may destroy the object once it has the lock.
    turns->changed_.notify_all();
  }
}

CameraTurns::Turn CameraTurns::Begin() {
  const std::lock_guard lock(mutex_);
  const std::uint64_t number = next_++;
  open_.emplace_hint(open_.end(), number, std::nullopt);
  return {this, number};
}

std::size_t CameraTurns::open() const {
  const std::lock_guard lock(mutex_);
  return open_.size();
}

bool CameraTurns::MayGo(std::uint64_t number) const {
  const auto own = open_.find(number);
  return std::all_of(open_.begin(), own, [&](const auto& earlier) {
    return earlier.second.has_value() && earlier.second != own->second;
  });
}

}  // namespace sampleproc::process

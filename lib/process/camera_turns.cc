#include "process/camera_turns.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace sampleproc::process {
namespace {

using base::ErrorCode;

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
    const auto own = turns_->open_.find(number_);
    if (own != turns_->open_.end()) own->second.camera = *camera_id;
  }
  turns_->changed_.notify_all();
}

base::Result<void> CameraTurns::Turn::Wait(const base::Allowance& allowance) {
  constexpr const char* kWhere = "waiting for the camera's earlier frame";
  if (turns_ == nullptr) return {};
  std::unique_lock lock(turns_->mutex_);
  for (;;) {
    const auto own = turns_->open_.find(number_);
    if (own == turns_->open_.end()) {
      return base::Fail(ErrorCode::kDeadline, "the camera's later frames wait no longer");
    }
    if (turns_->MayGo(own)) {
      own->second.has_come = true;
      return {};
    }
    if (auto allowed = allowance.Check(kWhere); !allowed) {
      if (allowed.error().code != ErrorCode::kDeadline) return allowed;
      return base::Fail(ErrorCode::kUnavailable, "the camera's earlier frame takes too long");
    }
    turns_->changed_.wait_for(lock, kLook);
  }
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
  open_.emplace_hint(open_.end(), number, Open());
  return {this, number};
}

void CameraTurns::PassOver(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  const auto turn = open_.find(number);
  if (turn == open_.end() || turn->second.has_come) return;
  open_.erase(turn);
  changed_.notify_all();
}

std::size_t CameraTurns::open() const {
  const std::lock_guard lock(mutex_);
  return open_.size();
}

bool CameraTurns::MayGo(Turns::const_iterator own) const {
  return std::all_of(open_.begin(), own, [&](const auto& earlier) {
    return earlier.second.camera.has_value() && earlier.second.camera != own->second.camera;
  });
}

}  // namespace sampleproc::process

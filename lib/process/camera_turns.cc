#include "process/camera_turns.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "resources/wait.h"

namespace sampleproc::process {
namespace {

using base::ErrorCode;

}  // namespace

CameraTurns::Turn::Turn(Turn&& other) noexcept
    : turns_(std::exchange(other.turns_, nullptr)),
      number_(other.number_),
      declared_(other.declared_),
      waited_(other.waited_),
      awaited_turn_(other.awaited_turn_) {}

CameraTurns::Turn& CameraTurns::Turn::operator=(Turn&& other) noexcept {
  if (this != &other) {
    End();
    turns_ = std::exchange(other.turns_, nullptr);
    number_ = other.number_;
    declared_ = other.declared_;
    waited_ = other.waited_;
    awaited_turn_ = other.awaited_turn_;
  }
  return *this;
}

void CameraTurns::Turn::Declare(const std::optional<std::string>& camera_id) {
  if (turns_ == nullptr || declared_) return;
  if (!camera_id) return End();
  declared_ = true;
  const base::MutexLock lock(turns_->mutex_);
  const auto own = turns_->open_.find(number_);
  if (own != turns_->open_.end()) own->second.camera = *camera_id;
  turns_->changed_.NotifyAll();
}

base::Result<void> CameraTurns::Turn::Wait(const base::Allowance& allowance) {
  if (turns_ == nullptr) return {};
  const base::MonoTime begun = base::SystemClock().Now();
  auto come = AwaitTurn(allowance);
  const std::chrono::nanoseconds time = base::SystemClock().Now() - begun;
  if (come) HasWaited(time);
  awaited_turn_ += time;
  return come;
}

base::Result<void> CameraTurns::Turn::AwaitTurn(const base::Allowance& allowance) {
  const resources::PatientWait wait(base::kForever, allowance);
  const base::MutexLock lock(turns_->mutex_);
  for (;;) {
    const auto own = turns_->open_.find(number_);
    if (own == turns_->open_.end()) {
      return base::Fail(ErrorCode::kDeadline, "the camera's later frames wait no longer");
    }
    if (turns_->IsTurn(own)) {
      own->second.has_come = true;
      return {};
    }
    if (auto wanted = wait.Wanted(); !wanted) return wanted;
    if (wait.Over()) {
      return base::Fail(ErrorCode::kOverloaded,
                        "an earlier frame of this camera, or one whose camera is not known yet, "
                        "takes too long");
    }
    wait.For(turns_->changed_, turns_->mutex_);
  }
}

void CameraTurns::Turn::EndStage() {
  if (turns_ == nullptr) return;
  const base::MutexLock lock(turns_->mutex_);
  const auto own = turns_->open_.find(number_);
  if (own == turns_->open_.end()) return;
  ++own->second.stages;
  own->second.has_come = false;
  turns_->changed_.NotifyAll();
}

void CameraTurns::Turn::AwaitAll() {
  if (turns_ == nullptr) return;
  const base::MutexLock lock(turns_->mutex_);
  const auto own = turns_->open_.find(number_);
  if (own != turns_->open_.end()) own->second.stages = std::numeric_limits<int>::max();
}

void CameraTurns::Turn::End() {
  if (turns_ == nullptr) return;
  CameraTurns* const turns = std::exchange(turns_, nullptr);
  const base::MutexLock lock(turns->mutex_);
  turns->open_.erase(number_);
  // Below the lock: whoever waits for the last turn may destroy the object once it has the lock.
  turns->changed_.NotifyAll();
}

CameraTurns::Turn CameraTurns::Begin() {
  const base::MutexLock lock(mutex_);
  const std::uint64_t number = next_++;
  open_.emplace_hint(open_.end(), number, Open());
  return {this, number};
}

void CameraTurns::PassOver(std::uint64_t number) {
  const base::MutexLock lock(mutex_);
  const auto turn = open_.find(number);
  if (turn == open_.end() || turn->second.has_come) return;
  open_.erase(turn);
  changed_.NotifyAll();
}

std::size_t CameraTurns::open() const {
  const base::MutexLock lock(mutex_);
  return open_.size();
}

bool CameraTurns::IsTurn(Turns::const_iterator own) const {
  for (auto earlier = open_.begin(); earlier != own; ++earlier) {
    const std::optional<std::string>& camera = earlier->second.camera;
    if (!camera) return false;
    if (camera == own->second.camera && earlier->second.stages <= own->second.stages) return false;
  }
  return true;
}

}  // namespace sampleproc::process

#include "video/host_side.h"

#include <string>
#include <utility>

namespace sampleproc::video {
namespace {

base::ErrorCode CodeOf(ModuleStatus status) {
  switch (status) {
    case ModuleStatus::kUnsupported:
      return base::ErrorCode::kUnsupportedFormat;
    case ModuleStatus::kInvalid:
    case ModuleStatus::kDamaged:
      return base::ErrorCode::kInvalidFrame;
    case ModuleStatus::kAway:
      return base::ErrorCode::kUnavailable;
    default:
      return base::ErrorCode::kInternal;
  }
}

}  // namespace

HostSide::Turn::Turn(HostSide& side, const base::Allowance& allowance, std::string_view where)
    : side_(side), allowance_(allowance) {
  allowance_.cpu = base::CpuDeadline(side.deadline_);
  side_.allowance_ = &allowance_;
  side_.where_ = where;
}

bool HostSide::MayGoOn(void* self) noexcept {
  HostSide& side = *static_cast<HostSide*>(self);
  if (side.allowance_ == nullptr) return true;
  auto checked = side.allowance_->Check(side.where_);
  if (!checked) side.refusal_ = std::move(checked.error());
  return checked.has_value();
}

bool HostSide::MayHold(void* self, std::uint64_t bytes) noexcept {
  HostSide& side = *static_cast<HostSide*>(self);
  if (bytes <= side.held_) return true;
  const base::Allowance none;
  auto more = side.budget_.Reserve(static_cast<std::size_t>(bytes - side.held_), "a video",
                                   side.budget_patience_,
                                   side.allowance_ == nullptr ? none : *side.allowance_);
  if (!more) {
    side.refusal_ = std::move(more.error());
    return false;
  }
  side.reservations_.push_back(std::move(*more));
  side.held_ = bytes;
  return true;
}

base::Error HostSide::ErrorOf(ModuleStatus status, std::string message) const {
  if (status == ModuleStatus::kStopped && refusal_) return *refusal_;
  return base::Fail(CodeOf(status), std::move(message)).error();
}

}  // namespace sampleproc::video

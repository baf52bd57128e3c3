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
    case ModuleStatus::kForbidden:
      return base::ErrorCode::kUnauthorized;
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
  return static_cast<HostSide*>(self)->Hold(bytes, 0, "a video");
}

bool HostSide::MayDecode(void* self, std::uint64_t bytes, int width, int height,
                         std::uint64_t frames) noexcept {
  HostSide& side = *static_cast<HostSide*>(self);
  if (bytes <= side.held_) return true;
  // Beside it one picture has to have room, in gray and in colour, or it decodes for nobody.
  constexpr std::uint64_t kChannels = 4;
  const std::uint64_t picture =
      static_cast<std::uint64_t>(width) * static_cast<std::uint64_t>(height) * kChannels;
  return side.Hold(bytes, picture,
                   "decoding " + std::to_string(width) + "x" + std::to_string(height) + " with " +
                       std::to_string(frames) + " pictures kept at once");
}

bool HostSide::Hold(std::uint64_t bytes, std::uint64_t beside, const std::string& what) {
  if (bytes <= held_) return true;
  const base::Allowance none;
  // Asked for the sum, so that the message names that.
  auto fits = budget_.CheckFits(static_cast<std::size_t>(bytes + beside), what);
  if (!fits) {
    refusal_ = std::move(fits.error());
    return false;
  }
  auto more = budget_.Reserve(static_cast<std::size_t>(bytes - held_), what, budget_patience_,
                              allowance_ == nullptr ? none : *allowance_);
  if (!more) {
    refusal_ = std::move(more.error());
    return false;
  }
  reservations_.push_back(std::move(*more));
  held_ = bytes;
  return true;
}

base::Error HostSide::ErrorOf(ModuleStatus status, std::string message) const {
  if (status == ModuleStatus::kStopped && refusal_) return *refusal_;
  return base::Fail(CodeOf(status), std::move(message)).error();
}

}  // namespace sampleproc::video

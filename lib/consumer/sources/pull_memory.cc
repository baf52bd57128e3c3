#include "consumer/sources/pull_memory.h"

#include <utility>

namespace sampleproc::consumer {
namespace {

constexpr const char* kWhat = "what is pulled";

}  // namespace

base::Result<void> PullMemory::Grow(std::size_t bytes, std::chrono::milliseconds patience) {
  if (budget_ == nullptr || bytes <= grown_) return {};
  if (auto fits = budget_->CheckFits(bytes, kWhat); !fits) {
    return base::Fail(base::ErrorCode::kTooLarge, std::move(fits.error().message));
  }
  auto more = budget_->Reserve(bytes - grown_, kWhat, patience, allowance_);
  if (!more) return std::unexpected(std::move(more.error()));
  held_.Add(std::move(*more));
  grown_ = bytes;
  return {};
}

}  // namespace sampleproc::consumer

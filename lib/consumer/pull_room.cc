#include "consumer/pull_room.h"

#include <algorithm>

namespace sampleproc::consumer {
namespace {

std::size_t Left(std::size_t limit, std::size_t used) { return limit - std::min(limit, used); }

std::size_t HandLimit(const Options& options, const process::Options& process, int workers) {
  const auto own = static_cast<std::size_t>(workers);
  if (options.policy == Policy::kLatest) return own + 1;
  return own + static_cast<std::size_t>(process.batch_size);
}

std::size_t ReadAhead(const Options& options) {
  const bool chooses = options.max_age.count() > 0 || options.policy == Policy::kLatest;
  return chooses ? PullRoom::kReadAhead : static_cast<std::size_t>(options.batch_size);
}

}  // namespace

PullRoom::PullRoom(const Options& options, const process::Options& process, int workers)
    : hand_limit_(HandLimit(options, process, workers)),
      hold_limit_(hand_limit_ + ReadAhead(options)),
      max_waiting_(std::max(static_cast<std::size_t>(options.max_waiting), hold_limit_)) {}

std::size_t PullRoom::For(const Held& held) const {
  const std::size_t kept = Left(held.all, held.droppable);
  const std::size_t active = Left(kept, held.blocked);
  if (active >= hand_limit_) return Left(hold_limit_, kept);
  return std::min(Left(hold_limit_, active), Left(max_waiting_, held.blocked));
}

}  // namespace sampleproc::consumer

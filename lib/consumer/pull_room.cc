#include "consumer/pull_room.h"

#include <algorithm>

namespace sampleproc::consumer {
namespace {

// Where frames may be dropped so many may wait: one for each of as many cameras.
constexpr std::size_t kReadAhead = 256;

std::size_t Left(std::size_t limit, std::size_t used) { return limit - std::min(limit, used); }

std::size_t HandLimit(const Options& options, const process::Options& process, int workers) {
  const auto own = static_cast<std::size_t>(workers);
  if (options.policy == Policy::kLatest) return own + 1;
  return own + static_cast<std::size_t>(process.batch_size);
}

}  // namespace

PullRoom::PullRoom(const Options& options, const process::Options& process, int workers)
    : drops_(options.max_age.count() > 0),
      hand_limit_(HandLimit(options, process, workers)),
      read_ahead_(drops_ || options.policy == Policy::kLatest
                      ? kReadAhead
                      : static_cast<std::size_t>(options.batch_size)),
      hold_limit_(hand_limit_ + read_ahead_),
      max_waiting_(std::max(static_cast<std::size_t>(options.max_waiting), hold_limit_)) {}

std::size_t PullRoom::For(const Held& held) const {
  if (drops_) return Left(hold_limit_, held.all - held.waiting);
  const std::size_t active = held.all - held.blocked;
  if (active >= hand_limit_) return Left(hold_limit_, held.all);
  return std::min(Left(hold_limit_, active), Left(max_waiting_, held.blocked));
}

}  // namespace sampleproc::consumer

#include "consumer/spool_keeper.h"

#include <utility>

#include "consumer/buffer_answer.h"

namespace sampleproc::consumer {

std::optional<std::uint64_t> SpoolKeeper::Write(std::string_view answer) {
  const auto number = spool_.Write(answer);
  const std::lock_guard lock(mutex_);
  if (number) {
    if (std::exchange(said_failed_, false)) log_.Info("spool: frames are written down again");
    return *number;
  }
  ++failures_;
  if (!std::exchange(said_failed_, true)) {
    log_.Error("spool: frames cannot be written down, a crash would lose them",
               {{"error", std::string_view(number.error().message)}});
  }
  return std::nullopt;
}

void SpoolKeeper::Keep(std::uint64_t answer, const std::vector<Delivery>& deliveries) {
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < deliveries.size(); ++i) {
      in_hand_[deliveries[i].ticket] = {.place = {answer, i}};
    }
  }
  spool_.Expect(answer, deliveries.size());
}

// Under the lock.
void SpoolKeeper::ReadLeft(Spool::Left answer) {
  auto frames = ReadBufferAnswer(std::move(answer.text), limits_);
  if (!frames) {
    log_.Error("spool: an answer that was left holds no frames",
               {{"answer", static_cast<std::int64_t>(answer.answer)},
                {"error", std::string_view(frames.error().message)}});
    frames.emplace();
  }
  for (std::size_t i = 0; i < frames->size(); ++i) {
    if (answer.done.contains(i)) continue;
    const auto tries = answer.tries.find(i);
    left_.push_back({.delivery = std::move((*frames)[i]),
                     .place = {answer.answer, i},
                     .tries = tries == answer.tries.end() ? 0 : tries->second});
  }
  spool_.Expect(answer.answer, frames->size());
}

std::optional<Delivery> SpoolKeeper::NextLeft(std::uint64_t ticket) {
  const std::lock_guard lock(mutex_);
  if (left_in_hand_ > 0) return std::nullopt;
  while (left_.empty()) {
    auto answer = spool_.TakeLeft();
    if (!answer) return std::nullopt;
    ReadLeft(std::move(*answer));
  }
  LeftFrame next = std::move(left_.front());
  left_.pop_front();
  spool_.Trying(next.place);
  next.delivery.ticket = ticket;
  next.delivery.deliveries = next.tries + 2;  // the first in company, and this one
  if (next.tries >= kMostTries && !next.delivery.broken) {
    next.delivery.broken = base::Fail(base::ErrorCode::kInternal,
                                      "the process does not survive the work on this frame")
                               .error();
  }
  in_hand_[ticket] = {.place = next.place, .left = true};
  ++left_in_hand_;
  return std::move(next.delivery);
}

void SpoolKeeper::Settled(std::uint64_t ticket, Ending ending) {
  {
    const std::lock_guard lock(mutex_);
    const auto kept = in_hand_.find(ticket);
    if (kept == in_hand_.end()) return;  // it could not be written down
    if (kept->second.left) --left_in_hand_;
    if (ending != Ending::kReturned) {
      undelivered_.push_back({kept->second.place, sinks_.Taken()});
    } else if (kept->second.left) {
      spool_.NotTried(kept->second.place);
    }
    in_hand_.erase(kept);
  }
  Sweep();
}

void SpoolKeeper::Sweep() {
  const std::lock_guard lock(mutex_);
  while (!undelivered_.empty() && sinks_.Through(undelivered_.front().mark)) {
    spool_.Done(undelivered_.front().place);
    undelivered_.pop_front();
  }
}

std::uint64_t SpoolKeeper::failures() const {
  const std::lock_guard lock(mutex_);
  return failures_;
}

}  // namespace sampleproc::consumer

#include "consumer/sources/spool_keeper.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "consumer/sources/buffer_answer.h"

namespace sampleproc::consumer {

using telemetry::condition::kSpool;

namespace {

constexpr std::size_t kMostProbed = 1U << 20;

}  // namespace

SpoolKeeper::SpoolKeeper(Spool& spool, const SinkSet& sinks, const frame::Options& limits,
                         const base::Clock& clock, telemetry::Conditions& conditions)
    : spool_(spool),
      sinks_(sinks),
      limits_(limits),
      clock_(clock),
      conditions_(conditions),
      retry_(clock, kRetry) {}

void SpoolKeeper::Tell(std::string_view what, const std::string& problem,
                       std::string_view meaning) {
  if (problem.empty()) return conditions_.Clear(kSpool, what);
  conditions_.Raise(kSpool, what, problem + ": " + std::string(meaning));
}

void SpoolKeeper::TellWrite(const base::Result<void>& done) {
  Tell("write", done ? "" : done.error().message,
       "pulled frames cannot be written down and are worked on without, a crash would lose them; "
       "make room, or mend consumer.http.spool_dir");
}

// There may be no answer for long that shows it, so a file of what failed is tried and removed.
void SpoolKeeper::Probe() {
  if (unwritten_ == 0) return;
  const auto done = spool_.TryWrite(unwritten_);
  if (done) unwritten_ = 0;
  TellWrite(done);
}

std::optional<Spool::Ownerless> SpoolKeeper::Write(std::string_view answer) {
  const auto written = spool_.Write(answer);
  std::optional<Spool::Ownerless> ownerless;
  if (written) ownerless.emplace(spool_, written->answer);
  const base::Result<void> done = written ? written->synced : std::unexpected(written.error());
  if (!done) ++failures_;
  {
    const base::MutexLock lock(mutex_);
    unwritten_ = done ? 0 : std::clamp<std::size_t>(answer.size(), 1, kMostProbed);
    TellWrite(done);
  }
  return ownerless;
}

void SpoolKeeper::AddKept(std::uint64_t ticket, const Spool::Place& place, bool left,
                          InHand& kept) const {
  Kept& each = kept.try_emplace(ticket).first->second;
  each.frame.push_back({place, sinks_.Taken()});
  std::map<std::uint64_t, Returned> returned;
  returned.try_emplace(place.answer);
  each.returned = returned.extract(returned.begin());
  each.left = left;
}

// A ticket of a frame that nobody has would keep its answer in use for ever: all or none.
void SpoolKeeper::Keep(Spool::Ownerless& answer, std::vector<Delivery>& deliveries) {
  const auto spooled = std::make_shared<const SpooledAnswer>(spool_.PathOf(answer.answer()));
  InHand kept;
  for (std::size_t i = 0; i < deliveries.size(); ++i) {
    AddKept(deliveries[i].ticket, {answer.answer(), i}, false, kept);
  }
  spool_.Expect(answer.answer(), deliveries.size());
  answer.Passed();
  for (Delivery& each : deliveries) each.spooled = spooled;
  const base::MutexLock lock(mutex_);
  in_hand_.merge(kept);
}

std::string SpoolKeeper::KeepUnusable(Spool::Ownerless& answer) {
  std::string path = spool_.KeepUnusable(answer.answer());
  answer.Passed();
  return path;
}

// When it throws nothing has changed, but for what is removed because all of it is done.
void SpoolKeeper::ReadLeft(Spool::Left answer) {
  auto frames = ReadBufferAnswer(std::move(answer.text), limits_);
  if (!frames) return spool_.SetAside(answer.answer);
  const auto spooled = std::make_shared<const SpooledAnswer>(spool_.PathOf(answer.answer));
  const bool alone = !ours_.contains(answer.answer);
  std::deque<LeftFrame> left;
  for (std::size_t i = 0; i < frames->size(); ++i) {
    if (answer.notes.done.contains(i)) continue;
    (*frames)[i].spooled = spooled;
    const auto tries = answer.notes.tries.find(i);
    left.push_back({.delivery = std::move((*frames)[i]),
                    .place = {answer.answer, i},
                    .tries = tries == answer.notes.tries.end() ? 0 : tries->second,
                    .alone = alone});
  }
  spool_.Expect(answer.answer, frames->size());
  ours_.erase(answer.answer);
  left_.swap(left);
}

std::optional<Delivery> SpoolKeeper::NextLeft(std::uint64_t ticket) {
  const base::MutexLock lock(mutex_);
  if (left_in_hand_ > 0) return std::nullopt;
  while (left_.empty()) {
    auto answer = spool_.TakeLeft();
    if (!answer) return std::nullopt;
    Spool::Ownerless ownerless(spool_, answer->answer);
    ReadLeft(std::move(*answer));
    ownerless.Passed();
  }
  LeftFrame& next = left_.front();  // as long as something may throw
  InHand kept;
  AddKept(ticket, next.place, next.alone, kept);
  next.delivery.ticket = ticket;
  if (next.alone) next.delivery.deliveries = next.tries + 2;  // the first in company, and this one
  if (next.alone && next.tries >= kMostTries && !next.delivery.broken) {
    next.delivery.broken = base::Fail(base::ErrorCode::kInternal,
                                      "the process does not survive the work on this frame")
                               .error();
  }
  if (next.alone) spool_.Trying(next.place);
  in_hand_.merge(kept);
  left_in_hand_ += next.alone ? 1 : 0;
  Delivery delivery = std::move(next.delivery);
  left_.pop_front();
  return delivery;
}

void SpoolKeeper::Settled(std::uint64_t ticket, Ending ending) {
  {
    const base::MutexLock lock(mutex_);
    const auto kept = in_hand_.find(ticket);
    if (kept == in_hand_.end()) return;  // it could not be written down
    std::list<Undelivered> frame = std::move(kept->second.frame);
    auto came_back = std::move(kept->second.returned);
    const bool left = kept->second.left;
    in_hand_.erase(kept);
    if (left) --left_in_hand_;
    if (ending != Ending::kReturned) {
      sinks_.NoteTaken(frame.front().mark);
      undelivered_.splice(undelivered_.end(), frame);
    } else {
      const std::uint64_t answer = frame.front().place.answer;
      Returned& returned = returned_.insert(std::move(came_back)).position->second;
      returned.left |= left;
      returned.rest = RestOf(answer);
      if (left) spool_.NotTried(frame.front().place);
    }
  }
  Sweep();
}

void SpoolKeeper::SweepDone() {
  while (!undelivered_.empty() && sinks_.Through(undelivered_.front().mark)) {
    spool_.Done(undelivered_.front().place);
    undelivered_.pop_front();
  }
}

// The first time none but that of the next look.
base::Deadline SpoolKeeper::RestOf(std::uint64_t answer) const {
  const auto times = put_back_.find(answer);
  if (times == put_back_.end()) return base::Deadline(clock_, std::chrono::seconds(0));
  const auto rest = kRetry * (1 << std::min(times->second - 1, 10));
  return base::Deadline(clock_, std::min<std::chrono::seconds>(kLongestRest, rest));
}

void SpoolKeeper::PutBackReturned() {
  if (returned_.empty() || sinks_.Losing()) return;
  std::set<std::uint64_t> in_use;
  for (const auto& [ticket, kept] : in_hand_) in_use.insert(kept.frame.front().place.answer);
  for (const LeftFrame& each : left_) in_use.insert(each.place.answer);
  for (const Undelivered& each : undelivered_) in_use.insert(each.place.answer);
  std::erase_if(put_back_, [this](const auto& each) { return !spool_.Holds(each.first); });
  // Where the last time ended, so that everyone gets a turn.
  int most = kMostPutBack;
  for (std::size_t looks = returned_.size(); looks > 0 && most > 0; --looks) {
    auto each = returned_.upper_bound(last_put_back_);
    if (each == returned_.end()) each = returned_.begin();
    last_put_back_ = each->first;
    if (in_use.contains(each->first) || !each->second.rest.Expired()) continue;
    if (!each->second.left) ours_.insert(each->first);
    ++put_back_[each->first];
    spool_.PutBack(each->first);
    returned_.erase(each);
    --most;
  }
}

void SpoolKeeper::Sweep() {
  const base::MutexLock lock(mutex_);
  SweepDone();
}

void SpoolKeeper::Look() {
  const base::MutexLock lock(mutex_);
  if (retry_.Expired()) {
    retry_ = base::Deadline(clock_, kRetry);
    spool_.Retry();
    Probe();
    SweepDone();
    PutBackReturned();
  }
  SweepDone();
  const Spool::Troubles troubles = spool_.troubles();
  Tell("read", troubles.unread, "the frames in it stay there, and are tried again");
  Tell("remove", troubles.unremoved, "its frames are done, it is tried again");
  Tell("notes", troubles.unnoted, "after a crash frames that were done are done a second time");
  Tell("torn", troubles.torn,
       "it was set aside because it holds no frames that can be read; mend it and take .torn off "
       "its name for the next start, or delete it");
}

}  // namespace sampleproc::consumer

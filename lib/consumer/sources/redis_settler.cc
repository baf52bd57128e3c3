#include "consumer/sources/redis_settler.h"

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include "consumer/sources/redis_scripts.h"
#include "consumer/sources/settling_command.h"
#include "consumer/sources/sign_of_life.h"
#include "resilience/retry_policy.h"

namespace sampleproc::consumer {
namespace {

using base::Deadline;
using base::MutexLock;
using base::Result;
using net::RedisCommand;
using net::RedisReply;
using std::chrono::milliseconds;

constexpr milliseconds kRetry{200};  // a server that is away
constexpr std::size_t kSettleTogether = 64;

// A quarter: settlements without an answer, the question whether the server is there, and a touch
// have to fit into claim_idle.
net::RedisLimits LimitsOf(net::RedisLimits limits, milliseconds claim_idle) {
  constexpr milliseconds kShortestAnswer{2'000};
  limits.answer = std::min(limits.answer, std::max(kShortestAnswer, claim_idle / 4));
  return limits;
}

base::MonoTime Now() { return base::SystemClock().Now(); }

}  // namespace

RedisSettler::RedisSettler(RedisSettlerContext context, const RedisOptions& options)
    : context_(std::move(context)),
      options_(options),
      client_(context_.connect, context_.login, LimitsOf(context_.limits, options_.claim_idle)),
      together_(kSettleTogether),
      thread_([this] { Run(); }) {}

RedisSettler::~RedisSettler() { Close(Deadline(base::SystemClock(), milliseconds(0))); }

void RedisSettler::Close(const Deadline& end) noexcept {
  if (!thread_.joinable()) return;
  {
    const MutexLock lock(mutex_);
    closing_ = true;
    changed_.NotifyAll();
    while (!closed_ && !end.Expired()) changed_.WaitUntil(mutex_, end);
  }
  cancel_.Cancel();
  thread_.join();
  Batch left;
  {
    const MutexLock lock(mutex_);
    left.splice(left.end(), queue_);
    parked_ = 0;
  }
  left.splice(left.end(), refused_);
  // What refuses them has not ended, so its condition has not either. Nobody hears of these any
  // more: those that have not been done stay pending, and others claim them.
  for (Pending& pending : left) pending.done(MayBeOurs(pending));
}

std::uint64_t RedisSettler::Hold(const std::string& id, int deliveries) {
  Held held{.id = id, .deliveries = deliveries};
  held.prepared.emplace_back();
  const MutexLock lock(mutex_);
  held_.emplace(next_ticket_, std::move(held));
  return next_ticket_++;
}

std::uint64_t RedisSettler::next_ticket() const {
  const MutexLock lock(mutex_);
  return next_ticket_;
}

void RedisSettler::LetGo(std::uint64_t from) noexcept {
  const MutexLock lock(mutex_);
  held_.erase(held_.lower_bound(from), held_.end());
}

bool RedisSettler::Holds(const std::string& id) const {
  const MutexLock lock(mutex_);
  return std::ranges::any_of(held_, [&](const auto& each) { return each.second.id == id; });
}

bool RedisSettler::HoldsSuspect() const {
  const MutexLock lock(mutex_);
  return std::ranges::any_of(
      held_, [](const auto& each) { return each.second.deliveries > 1 && !each.second.settling; });
}

std::size_t RedisSettler::held() const {
  const MutexLock lock(mutex_);
  return held_.size();
}

std::size_t RedisSettler::Parked() const {
  const MutexLock lock(mutex_);
  return std::min(parked_, kMostParked);
}

void RedisSettler::Settle(Settlement settlement, OnSettled done) noexcept {
  const MutexLock lock(mutex_);
  Held& held = held_.find(settlement.ticket)->second;
  held.settling = true;
  Pending& pending = held.prepared.front();
  pending.settlement = std::move(settlement);
  pending.done = std::move(done);
  pending.held = &held;
  queue_.splice(queue_.end(), held.prepared);
  changed_.NotifyAll();
}

bool RedisSettler::IsSmall(const Pending& pending) { return pending.settlement.record.empty(); }

void RedisSettler::Run() {
  RunUntilClosed();
  const MutexLock lock(mutex_);
  closed_ = true;
  changed_.NotifyAll();
}

void RedisSettler::RunUntilClosed() {
  const milliseconds beat = std::max(milliseconds(1), options_.claim_idle / 3);
  base::MonoTime next_beat = Now() + beat;
  base::MonoTime next_sign = Now() + kShown;
  int failures = 0;
  const resilience::Backoff pause_after =
      resilience::QuickAtFirst([](int /*failures*/) { return kRetry; });
  while (!cancel_.Cancelled()) {
    if (!WaitForWork(std::min(next_beat, next_sign))) return;
    if (Now() >= next_beat) {
      const bool asked = KeepHeld();
      const bool refused = touch_blamed_ != Subject::kNothing;  // is it still?
      next_beat = Now() + (!asked    ? std::min(beat, kRetry)
                           : refused ? std::min(beat, milliseconds(kShown))
                                     : beat);
      next_sign = Now() + kShown;
    } else if (Now() >= next_sign) {
      ShowUp();
      next_sign = Now() + kShown;
    }
    Batch batch = TakeBatch();
    if (batch.empty()) continue;
    try {
      SettleSome(batch);
    } catch (const std::exception&) {
      Failed(batch);
    }
    const bool done = batch.empty();
    PutBack(batch);
    if (on_parked_ && Parked() > 0) on_parked_();
    failures = done ? 0 : failures + 1;
    if (done) continue;
    const Deadline pause_end(base::SystemClock(), pause_after(failures));
    const MutexLock lock(mutex_);
    while (!pause_end.Expired() && !cancel_.Cancelled()) {
      changed_.WaitUntil(mutex_, pause_end, cancel_);
    }
  }
}

// False: closing, and nothing is left.
bool RedisSettler::WaitForWork(base::MonoTime latest) {
  base::MonoTime wake = latest;
  for (auto each = refused_.cbegin(); each != refused_.cend(); ++each) {
    if (Behind(*each, each, {}) == Waits::kNobody) wake = std::min(wake, each->next_try);
  }
  const Deadline until(base::SystemClock(), wake - Now());
  const MutexLock lock(mutex_);
  while (queue_.empty() && !(closing_ && refused_.empty()) && !until.Expired() &&
         !cancel_.Cancelled()) {
    changed_.WaitUntil(mutex_, until, cancel_);
  }
  return !(closing_ && queue_.empty() && refused_.empty());
}

bool RedisSettler::Holds(const Pending& before, const Pending& result) {
  if (before.waits == Waits::kAll) return true;
  return before.waits == Waits::kCamera && before.settlement.camera != 0 &&
         before.settlement.camera == result.settlement.camera;
}

// Who waits with it behind those of `batch`, or of refused_ before `end`.
RedisSettler::Waits RedisSettler::Behind(const Pending& pending, Batch::const_iterator end,
                                         const Batch& batch) const {
  Waits waits = Waits::kNobody;
  if (KeyOf(pending) != Subject::kResults) return waits;
  for (auto each = refused_.cbegin(); each != end; ++each) {
    if (Holds(*each, pending)) waits = std::max(waits, each->waits);
  }
  for (const Pending& each : batch) {
    const bool tried_again = each.blamed != Subject::kNothing;
    if (tried_again && Holds(each, pending)) waits = std::max(waits, each.waits);
  }
  return waits;
}

// What was refused and is due, then what comes next. A result that was refused goes without those
// that wait behind it.
RedisSettler::Batch RedisSettler::TakeBatch() {
  Batch batch;
  const base::MonoTime now = Now();
  const MutexLock lock(mutex_);
  for (auto next = refused_.begin(); next != refused_.end() && batch.size() < together_;) {
    const auto each = next++;
    if (each->next_try > now || Behind(*each, each, batch) != Waits::kNobody) continue;
    if (IsSmall(*each)) --parked_;
    batch.splice(batch.end(), refused_, each);
  }
  for (auto next = queue_.begin(); next != queue_.end() && batch.size() < together_;) {
    const auto each = next++;
    each->waits = Behind(*each, refused_.cend(), batch);
    if (each->waits == Waits::kNobody) {
      batch.splice(batch.end(), queue_, each);
    } else {
      PutAside(queue_, each);
    }
  }
  return batch;
}

void RedisSettler::PutAside(Batch& from, Batch::iterator pending) noexcept {
  auto place = refused_.end();
  while (place != refused_.begin() &&
         std::prev(place)->settlement.ticket > pending->settlement.ticket) {
    --place;
  }
  if (IsSmall(*pending)) ++parked_;
  refused_.splice(place, from, pending);
}

// To where it was: what others wait behind stays before them.
void RedisSettler::PutBack(Batch& batch) noexcept {
  const MutexLock lock(mutex_);
  while (!batch.empty()) {
    const auto last = std::prev(batch.end());
    if (last->waits != Waits::kNobody || last->blamed != Subject::kNothing) {
      PutAside(batch, last);
    } else {
      queue_.splice(queue_.begin(), batch, last);
    }
  }
}

RedisCommand RedisSettler::Harmless(const Pending& like) const {
  const HandedOut entry{like.held->id, like.held->deliveries, context_.consumer,
                        context_.processor_id};
  return HarmlessCommand(like.settlement.ending, entry, options_, context_.clock.Wall());
}

Sent RedisSettler::SentOf(const Pending& pending) {
  if (pending.deletion_left) return Sent::kDeletionLeft;
  return pending.maybe_done > 0 ? Sent::kBefore : Sent::kNever;
}

// Takes out of the batch what has had its answer; what it leaves is to be sent again.
void RedisSettler::SettleSome(Batch& batch) {
  if (!Connected()) return;  // nothing was sent
  std::vector<RedisCommand> commands;
  for (const Pending& pending : batch) {
    const HandedOut entry{pending.held->id, pending.held->deliveries, context_.consumer,
                          context_.processor_id, SentOf(pending)};
    commands.push_back(SettlingCommand(pending.settlement, entry, options_, context_.clock.Wall()));
  }
  const auto doubtful = std::ranges::find_if(batch, [](const Pending& each) {
    return each.blamed != Subject::kNothing && each.waits == Waits::kCamera;
  });
  const bool asks_for_proof = doubtful != batch.end();
  if (asks_for_proof) commands.push_back(Harmless(*doubtful));
  for (Pending& pending : batch) ++pending.maybe_done;
  auto replies = Ask(commands);
  if (!replies) return Unanswered(batch);
  together_ = std::min(kSettleTogether, together_ * 2);
  lone_failures_ = 0;
  const bool proof = asks_for_proof && replies->back().kind != RedisReply::Kind::kError;
  if (asks_for_proof) replies->pop_back();
  for (const RedisReply& reply : *replies) Answered(batch, reply, proof);
}

// False without memory or an answer: the next one comes soon.
bool RedisSettler::KeepHeld() {
  try {
    std::vector<RedisCommand> commands;
    {
      const MutexLock lock(mutex_);
      for (const auto& [ticket, held] : held_) {
        commands.push_back({"EVAL", ScriptOf(kTouchScript), "1", options_.stream, options_.group,
                            context_.consumer, held.id});
      }
    }
    if (commands.empty()) {
      if (touch_blamed_ == Subject::kNothing) return true;
      // Nothing, to see whether it is still refused.
      commands.push_back(
          {"XCLAIM", options_.stream, options_.group, context_.consumer, "0", "0-0", "JUSTID"});
    }
    const std::size_t touches = commands.size();
    commands.push_back(SignOfLife(options_, context_.consumer));
    const auto replies = Ask(commands);
    if (!replies) return false;
    Touched(std::span(*replies).first(touches));
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

// Between the beats, which may be too far apart for those who ask who is alive.
void RedisSettler::ShowUp() {
  try {
    if (held() == 0) return;
    const RedisCommand sign[] = {SignOfLife(options_, context_.consumer)};
    (void)Ask(sign);
  } catch (const std::exception&) {  // no memory: the next one comes
  }
}

void RedisSettler::NoteQuestion() {
  const MutexLock lock(mutex_);
  if (!unanswered_since_) unanswered_since_ = context_.clock.Now();
}

// A connection that stands is no answer yet: a server that hangs takes connections.
bool RedisSettler::Connected() {
  if (client_.connected()) return true;
  NoteQuestion();
  const auto made = client_.Ask(std::span<const RedisCommand>(), {.cancel = cancel_});
  if (made) return true;
  const MutexLock lock(mutex_);
  unanswered_why_ = made.error().message;
  return false;
}

Result<std::vector<RedisReply>> RedisSettler::Ask(std::span<const RedisCommand> commands) {
  NoteQuestion();
  auto replies = client_.Ask(commands, {.cancel = cancel_});
  const MutexLock lock(mutex_);
  if (replies) {
    unanswered_since_.reset();
    unanswered_why_.clear();
  } else {
    unanswered_why_ = replies.error().message;
  }
  return replies;
}

Result<void> RedisSettler::Settling() const {
  using std::chrono::seconds;
  const MutexLock lock(mutex_);
  if (!unanswered_since_ || held_.empty() || server_refuses_) return {};
  const auto waited = context_.clock.Now() - *unanswered_since_;
  if (waited < kOverdue) return {};
  const std::string why = unanswered_why_.empty() ? "" : " (" + unanswered_why_ + ")";
  return base::Fail(base::ErrorCode::kUnavailable,
                    "the connection that settles frames has had no answer for " +
                        std::to_string(std::chrono::duration_cast<seconds>(waited).count()) + " s" +
                        why + "; frames held: " + std::to_string(held_.size()) +
                        ". They are tried again on new connections; look at Redis, and at what is "
                        "between here and it (firewall, proxy, maxclients)");
}

}  // namespace sampleproc::consumer

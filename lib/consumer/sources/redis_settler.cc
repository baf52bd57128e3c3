#include "consumer/sources/redis_settler.h"

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include "consumer/sources/redis_scripts.h"
#include "consumer/sources/settling_command.h"
#include "net/redis_refusal.h"

namespace sampleproc::consumer {
namespace {

using base::Deadline;
using base::MutexLock;
using base::Result;
using net::RedisCommand;
using net::RedisReply;
using std::chrono::milliseconds;

constexpr milliseconds kRetry{200};  // a server that is away, or has refused once
constexpr milliseconds kLongestPause{5'000};
constexpr std::size_t kSettleTogether = 64;
// A settlement at which the connection ends so often, of a server that answers otherwise, is taken
// for refused.
constexpr int kMostLoneFailures = 3;

// Why a settlement is set aside that Redis itself says nothing about.
constexpr std::string_view kConnectionEnds = "Redis ends the connection at this settlement";
constexpr std::string_view kNoMemory = "there is no memory to send this settlement";

// Behind every entry: reading a consumer's own entries from here on finds none, and is a sign that
// it is alive.
constexpr const char* kLastId = "18446744073709551615-0";

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
  for (Pending& pending : left) Blame(pending, Subject::kNothing);
  // Nobody hears of these any more; they stay pending, and others claim them.
  for (Pending& pending : left) pending.done(false);
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

RedisSettler::Subject RedisSettler::KeyOf(const Pending& pending) {
  switch (pending.settlement.ending) {
    case Ending::kDone:
      return Subject::kResults;
    case Ending::kDead:
      return Subject::kLetters;
    case Ending::kDropped:
    case Ending::kReturned:
      break;
  }
  return Subject::kStream;
}

const std::string& RedisSettler::NameOf(Subject subject) const {
  const std::string* const names[] = {&options_.results_stream, &options_.dlq_stream,
                                      &options_.stream, &context_.server};
  return *names[static_cast<std::size_t>(subject)];
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
  while (!cancel_.Cancelled()) {
    if (!WaitForWork(next_beat)) return;
    if (Now() >= next_beat) {
      next_beat = KeepHeld() ? Now() + beat : Now() + std::min(beat, kRetry);
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
    if (done) continue;
    const Deadline pause_end(base::SystemClock(), kRetry);
    const MutexLock lock(mutex_);
    while (!pause_end.Expired() && !cancel_.Cancelled()) {
      changed_.WaitUntil(mutex_, pause_end, cancel_);
    }
  }
}

// False: closing, and nothing is left.
bool RedisSettler::WaitForWork(base::MonoTime next_beat) {
  base::MonoTime wake = next_beat;
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

// Takes out of the batch what has had its answer; what it leaves is to be sent again. A script that
// had been done answers 0 the second time: so a frame may count as taken over that was ours, never
// twice as done.
void RedisSettler::SettleSome(Batch& batch) {
  std::vector<RedisCommand> commands;
  for (const Pending& pending : batch) {
    const HandedOut entry{pending.held->id, pending.held->deliveries, context_.consumer,
                          context_.processor_id};
    commands.push_back(SettlingCommand(pending.settlement, entry, options_, context_.clock.Wall()));
  }
  const auto doubtful = std::ranges::find_if(batch, [](const Pending& each) {
    return each.blamed != Subject::kNothing && each.waits == Waits::kCamera;
  });
  const bool asks_for_proof = doubtful != batch.end();
  if (asks_for_proof) commands.push_back(Harmless(*doubtful));
  auto replies = Ask(commands);
  if (!replies) return Unanswered(batch);
  together_ = std::min(kSettleTogether, together_ * 2);
  lone_failures_ = 0;
  const bool proof = asks_for_proof && replies->back().kind != RedisReply::Kind::kError;
  if (asks_for_proof) replies->pop_back();
  for (const RedisReply& reply : *replies) Answered(batch, reply, proof);
}

// Something threw, for want of memory: fewer at a time want less of it.
void RedisSettler::Failed(Batch& batch) noexcept {
  const bool alone = batch.size() == 1;
  together_ = std::max<std::size_t>(1, together_ / 2);
  if (alone) SetAside(batch, kNoMemory, false);
}

// All of it is sent again, alone after the first time, so that one that ends the connection stops
// none behind it. That it is this one is shown by another of its kind, which is answered.
void RedisSettler::Unanswered(Batch& batch) {
  const bool alone = batch.size() == 1;
  together_ = 1;
  if (!alone) return;
  const RedisCommand harmless[] = {Harmless(batch.front())};
  const auto proof = Ask(harmless);
  if (!proof || proof->front().kind == RedisReply::Kind::kError) return;
  if (batch.front().blamed == Subject::kNothing) {
    if (++lone_failures_ < kMostLoneFailures) return;
    lone_failures_ = 0;
  }
  SetAside(batch, kConnectionEnds, true);
}

// What Redis says to the first one, which goes its way.
void RedisSettler::Answered(Batch& batch, const RedisReply& reply, bool proof) noexcept {
  if (reply.kind != RedisReply::Kind::kError) return Settled(batch, reply.integer == 1);
  // Without a group there is nothing to settle: Redis has lost it.
  if (net::RefusalOf(reply.text).word == "NOGROUP") return Settled(batch, false);
  SetAside(batch, reply.text, proof);
}

// The condition of a subject ends with the last settlement that is refused for its sake.
void RedisSettler::Blame(Pending& pending, Subject blamed) noexcept {
  const Subject before = std::exchange(pending.blamed, blamed);
  if (before == blamed) return;
  const auto count_of = [this](Subject subject) -> std::size_t& {
    return refused_of_[static_cast<std::size_t>(subject)];
  };
  if (blamed != Subject::kNothing) ++count_of(blamed);
  const bool ends = before != Subject::kNothing && --count_of(before) == 0;
  server_refuses_ = count_of(Subject::kServer) > 0;
  if (!ends || context_.conditions == nullptr) return;
  context_.conditions->Clear(telemetry::condition::kSettlementRefused, NameOf(before));
}

// `error` is Redis' own, kConnectionEnds or kNoMemory.
void RedisSettler::TellRefused(Subject blamed, std::string_view error) const {
  const bool ends = error == kConnectionEnds;
  const bool no_memory = error == kNoMemory;
  if (context_.metrics != nullptr) {
    context_.metrics->SettlementRefused(ends        ? "connection"
                                        : no_memory ? "memory"
                                                    : net::RefusalOf(error).word);
  }
  if (context_.conditions == nullptr) return;
  context_.conditions->Raise(telemetry::condition::kSettlementRefused, NameOf(blamed),
                             ends || no_memory ? std::string(error) : net::RefusalSentence(error));
}

// The first one. What Redis says of a key or of itself concerns all results alike, and they wait
// for it in their order; all else may concern this one alone, which is `proof` of it or is not.
void RedisSettler::SetAside(Batch& batch, std::string_view error, bool proof) noexcept {
  Pending& pending = batch.front();
  const net::RedisRefusal& refusal = net::RefusalOf(error);
  const Subject blamed = refusal.of_server ? Subject::kServer : KeyOf(pending);
  if (proof) ++pending.proofs;
  pending.waits = KeyOf(pending) != Subject::kResults ? Waits::kNobody
                  : !refusal.remedy.empty()           ? Waits::kAll
                  : pending.proofs < kMostProofs      ? Waits::kCamera
                                                      : Waits::kNobody;
  pending.pause =
      pending.pause == milliseconds(0) ? kRetry : std::min(kLongestPause, pending.pause * 2);
  pending.next_try = Now() + pending.pause;
  {
    const MutexLock lock(mutex_);
    PutAside(batch, batch.begin());
  }
  Blame(pending, blamed);
  try {
    TellRefused(blamed, error);
  } catch (const std::exception&) {  // no memory: it is told with its next refusal
  }
}

// The first one. What hindered it has gone: so those behind it are tried now.
void RedisSettler::Settled(Batch& batch, bool ours) noexcept {
  Batch own;
  own.splice(own.end(), batch, batch.begin());
  Pending& pending = own.front();
  const Subject blamed = pending.blamed;
  for (Pending& each : refused_) {
    const bool behind = each.waits != Waits::kNobody && Holds(pending, each);
    if (behind || (blamed != Subject::kNothing && each.blamed == blamed)) each.next_try = {};
  }
  Blame(pending, Subject::kNothing);
  pending.done(ours);
  const MutexLock lock(mutex_);
  held_.erase(pending.settlement.ticket);
}

// False without memory or an answer: the next one comes soon.
bool RedisSettler::KeepHeld() {
  try {
    std::vector<RedisCommand> commands;
    {
      const MutexLock lock(mutex_);
      if (held_.empty()) return true;
      for (const auto& [ticket, held] : held_) {
        commands.push_back({"EVAL", kTouchScript, "1", options_.stream, options_.group,
                            context_.consumer, held.id});
      }
    }
    commands.push_back({"XREADGROUP", "GROUP", options_.group, context_.consumer, "COUNT", "1",
                        "STREAMS", options_.stream, kLastId});
    return Ask(commands).has_value();
  } catch (const std::exception&) {
    return false;
  }
}

Result<std::vector<RedisReply>> RedisSettler::Ask(std::span<const RedisCommand> commands) {
  {
    const MutexLock lock(mutex_);
    if (!unanswered_since_) unanswered_since_ = context_.clock.Now();
  }
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
                        why + ", though pulls have; frames held: " + std::to_string(held_.size()) +
                        ". They are tried again on new connections; look at what is between here "
                        "and Redis (firewall, proxy, maxclients)");
}

}  // namespace sampleproc::consumer

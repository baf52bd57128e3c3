#include "consumer/redis_settler.h"

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include "consumer/redis_scripts.h"
#include "consumer/result_entry.h"
#include "net/redis_refusal.h"

namespace sampleproc::consumer {
namespace {

using base::Deadline;
using base::MutexLock;
using net::RedisCommand;
using net::RedisReply;
using std::chrono::milliseconds;

constexpr milliseconds kRetry{200};  // a server that is away, or has refused once
constexpr milliseconds kLongestPause{5'000};
constexpr std::size_t kSettleTogether = 64;
// A frame that goes back because of a host that is away is left alone for so long.
constexpr milliseconds kReturnPause{5'000};
// A settlement at which the connection ends so often, of a server that answers otherwise, is taken
// for refused.
constexpr int kMostLoneFailures = 3;

// Why a settlement is set aside that Redis itself says nothing about.
constexpr std::string_view kConnectionEnds = "Redis ends the connection at this settlement";
constexpr std::string_view kNoMemory = "there is no memory to send this settlement";

constexpr const char* kDeadLimit = "10000";
// Lua's stack takes some 8,000 values at once (LUAI_MAXCSTACK), those that are added included.
constexpr const char* kLetterValues = "7800";
constexpr std::uint64_t kLetterShare = 4;  // of dlq_max_bytes, at most for one letter

// Behind every entry: reading a consumer's own entries from here on finds none, and is a sign that
// it is alive.
constexpr const char* kLastId = "18446744073709551615-0";

base::MonoTime Now() { return base::SystemClock().Now(); }

}  // namespace

RedisSettler::RedisSettler(RedisSettlerContext context, const RedisOptions& options)
    : context_(std::move(context)),
      options_(options),
      client_(context_.connect, context_.login, context_.limits),
      together_(kSettleTogether),
      thread_([this] { Run(); }) {}

RedisSettler::~RedisSettler() { Close(milliseconds(0)); }

void RedisSettler::Close(milliseconds patience) noexcept {
  if (!thread_.joinable()) return;
  {
    const MutexLock lock(mutex_);
    closing_ = true;
    changed_.NotifyAll();
    const Deadline end(base::SystemClock(), patience);
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
  if (context_.conditions != nullptr) {
    for (const std::string* key :
         {&options_.results_stream, &options_.dlq_stream, &options_.stream}) {
      context_.conditions->Clear(telemetry::condition::kSettlementRefused, *key);
    }
  }
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

// How long it has been idle, as far as others see it: one that nobody could do now need not come
// again at once.
std::string RedisSettler::IdleOfReturned(const Settlement& settled, int attempts) const {
  if (settled.reason.empty() || attempts > 0) return kGivenBackIdle;
  return std::to_string(std::max(milliseconds(0), options_.claim_idle - kReturnPause).count());
}

const std::string& RedisSettler::KeyOf(const Pending& pending) const {
  switch (pending.settlement.ending) {
    case Ending::kDone:
      return options_.results_stream;
    case Ending::kDead:
      return options_.dlq_stream;
    case Ending::kDropped:
    case Ending::kReturned:
      break;
  }
  return options_.stream;
}

bool RedisSettler::IsSmall(const Pending& pending) { return pending.settlement.record.empty(); }

RedisCommand RedisSettler::CommandFor(const Pending& pending) const {
  const Settlement& settled = pending.settlement;
  const std::string& id = pending.held->id;
  const base::WallTime now = context_.clock.Wall();
  const auto script = [this](const char* text) {
    return options_.delete_settled ? std::string(text) : WithoutDeletion(text);
  };
  switch (settled.ending) {
    case Ending::kDone: {
      RedisCommand command = {"EVAL",
                              script(kPublishScript),
                              "2",
                              options_.stream,
                              options_.results_stream,
                              options_.group,
                              id,
                              kResultsLimit};
      AppendResultEntry({settled.frame_id, settled.record}, context_.processor_id, now, command);
      return command;
    }
    case Ending::kDropped:
      return {"EVAL", script(kDropScript), "1", options_.stream, options_.group, id};
    case Ending::kDead:
      return {"EVAL",
              script(kDeadScript),
              "2",
              options_.stream,
              options_.dlq_stream,
              options_.group,
              id,
              kDeadLimit,
              std::to_string(options_.dlq_max_bytes),
              kLetterValues,
              std::to_string(options_.dlq_max_bytes / kLetterShare),
              settled.frame_id,
              "dlq_reason",
              std::string(settled.reason),
              "dlq_id",
              id,
              "dlq_deliveries",
              std::to_string(pending.held->deliveries),
              "dlq_processor_id",
              context_.processor_id,
              "dlq_timestamp",
              EpochSeconds(now)};
    case Ending::kReturned:
      break;
  }
  // A hand-out that reached no worker is no attempt.
  const int attempts = pending.held->deliveries - (settled.worked_on ? 0 : 1);
  return {"EVAL",
          kReturnScript,
          "1",
          options_.stream,
          options_.group,
          context_.consumer,
          id,
          IdleOfReturned(settled, attempts),
          std::to_string(attempts)};
}

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
      next_beat = Now() + beat;
      KeepHeld();
    }
    Batch batch = TakeBatch();
    if (batch.empty()) continue;
    try {
      SettleSome(batch);
    } catch (const std::exception&) {
      Failed(batch);
    }
    if (batch.empty()) continue;
    PutBack(batch);
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
  for (const Pending& each : refused_) wake = std::min(wake, each.next_try);
  const Deadline until(base::SystemClock(), wake - Now());
  const MutexLock lock(mutex_);
  while (queue_.empty() && !(closing_ && refused_.empty()) && !until.Expired() &&
         !cancel_.Cancelled()) {
    changed_.WaitUntil(mutex_, until, cancel_);
  }
  return !(closing_ && queue_.empty() && refused_.empty());
}

// What was refused and is due, then what comes next.
RedisSettler::Batch RedisSettler::TakeBatch() {
  Batch batch;
  const base::MonoTime now = Now();
  const MutexLock lock(mutex_);
  for (auto next = refused_.begin(); next != refused_.end() && batch.size() < together_;) {
    const auto each = next++;
    if (each->next_try > now) continue;
    if (IsSmall(*each)) --parked_;
    batch.splice(batch.end(), refused_, each);
  }
  while (!queue_.empty() && batch.size() < together_) {
    batch.splice(batch.end(), queue_, queue_.begin());
  }
  return batch;
}

void RedisSettler::PutBack(Batch& batch) noexcept {
  const MutexLock lock(mutex_);
  queue_.splice(queue_.begin(), batch);
}

// Takes out of the batch what has had its answer; what it leaves is to be sent again. A script that
// had been done answers 0 the second time: so a frame may count as taken over that was ours, never
// twice as done.
void RedisSettler::SettleSome(Batch& batch) {
  std::vector<RedisCommand> commands;
  for (const Pending& pending : batch) commands.push_back(CommandFor(pending));
  const auto replies = client_.Ask(commands, {.cancel = cancel_});
  if (!replies) return Unanswered(batch);
  together_ = std::min(kSettleTogether, together_ * 2);
  lone_failures_ = 0;
  for (const RedisReply& reply : *replies) Answered(batch, reply);
}

// Something threw, for want of memory: fewer at a time want less of it.
void RedisSettler::Failed(Batch& batch) noexcept {
  const bool alone = batch.size() == 1;
  together_ = std::max<std::size_t>(1, together_ / 2);
  if (alone) SetAside(batch, kNoMemory);
}

// All of it is sent again, alone after the first time, so that one that ends the connection stops
// none behind it.
void RedisSettler::Unanswered(Batch& batch) {
  const bool alone = batch.size() == 1;
  together_ = 1;
  // A server that is away is no fault of the settlement.
  const bool there = alone && client_.Ask(RedisCommand{"PING"}, {.cancel = cancel_}).has_value();
  if (!there || ++lone_failures_ < kMostLoneFailures) return;
  lone_failures_ = 0;
  SetAside(batch, kConnectionEnds);
}

// What Redis says to the first one, which goes its way.
void RedisSettler::Answered(Batch& batch, const RedisReply& reply) noexcept {
  if (reply.kind != RedisReply::Kind::kError) return Settled(batch, reply.integer == 1);
  // Without a group there is nothing to settle: Redis has lost it.
  if (net::RefusalOf(reply.text).word == "NOGROUP") return Settled(batch, false);
  SetAside(batch, reply.text);
}

std::size_t& RedisSettler::RefusedOf(const std::string& key) {
  const std::string* const keys[] = {&options_.results_stream, &options_.dlq_stream,
                                     &options_.stream};
  const auto found = std::ranges::find(keys, key, [](const std::string* each) { return *each; });
  return refused_of_[static_cast<std::size_t>(found - keys)];
}

// `error` is Redis' own, kConnectionEnds or kNoMemory.
void RedisSettler::TellRefused(const std::string& key, std::string_view error) const {
  const bool ends = error == kConnectionEnds;
  const bool no_memory = error == kNoMemory;
  if (context_.metrics != nullptr) {
    context_.metrics->SettlementRefused(ends        ? "connection"
                                        : no_memory ? "memory"
                                                    : net::RefusalOf(error).word);
  }
  if (context_.conditions == nullptr) return;
  context_.conditions->Raise(telemetry::condition::kSettlementRefused, key,
                             ends || no_memory ? std::string(error) : net::RefusalSentence(error));
}

// The first one.
void RedisSettler::SetAside(Batch& batch, std::string_view error) noexcept {
  Pending& pending = batch.front();
  const std::string& key = KeyOf(pending);
  const bool first = pending.pause == milliseconds(0);
  if (first) ++RefusedOf(key);
  pending.pause = first ? kRetry : std::min(kLongestPause, pending.pause * 2);
  pending.next_try = Now() + pending.pause;
  if (IsSmall(pending)) {
    const MutexLock lock(mutex_);
    ++parked_;
  }
  refused_.splice(refused_.end(), batch, batch.begin());
  try {
    TellRefused(key, error);
  } catch (const std::exception&) {  // no memory: it is told with its next refusal
  }
}

// The first one.
void RedisSettler::Settled(Batch& batch, bool ours) noexcept {
  Batch own;
  own.splice(own.end(), batch, batch.begin());
  Pending& pending = own.front();
  const std::string& key = KeyOf(pending);
  const bool was_refused = pending.pause > milliseconds(0);
  if (std::size_t& refused = RefusedOf(key); was_refused && --refused > 0) {
    // What hindered this one has gone: so the others are tried now.
    for (Pending& each : refused_) {
      if (KeyOf(each) == key) each.next_try = {};
    }
  } else if (was_refused && context_.conditions != nullptr) {
    context_.conditions->Clear(telemetry::condition::kSettlementRefused, key);
  }
  pending.done(ours);
  const MutexLock lock(mutex_);
  held_.erase(pending.settlement.ticket);
}

// Without memory or an answer the next one comes soon.
void RedisSettler::KeepHeld() {
  try {
    std::vector<RedisCommand> commands;
    {
      const MutexLock lock(mutex_);
      if (held_.empty()) return;
      for (const auto& [ticket, held] : held_) {
        commands.push_back({"EVAL", kTouchScript, "1", options_.stream, options_.group,
                            context_.consumer, held.id});
      }
    }
    commands.push_back({"XREADGROUP", "GROUP", options_.group, context_.consumer, "COUNT", "1",
                        "STREAMS", options_.stream, kLastId});
    (void)client_.Ask(commands, {.cancel = cancel_});
  } catch (const std::exception&) {
    return;
  }
}

}  // namespace sampleproc::consumer

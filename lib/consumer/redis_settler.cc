#include "consumer/redis_settler.h"

#include <algorithm>
#include <iterator>
#include <utility>

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
// A settlement at which the connection ends so often, of a server that answers otherwise, is taken
// for refused.
constexpr int kMostLoneFailures = 3;

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

void RedisSettler::Close(milliseconds patience) {
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
  std::deque<Pending> left;
  {
    const MutexLock lock(mutex_);
    left.swap(queue_);
    parked_ = 0;
  }
  std::ranges::move(refused_, std::back_inserter(left));
  refused_.clear();
  if (context_.conditions != nullptr) {
    for (const auto& [key, count] : refused_keys_) {
      context_.conditions->Clear(telemetry::condition::kSettlementRefused, key);
    }
  }
  refused_keys_.clear();
  // Nobody hears of these any more; they stay pending, and others claim them.
  for (Pending& pending : left) pending.done(false);
}

std::uint64_t RedisSettler::Hold(const std::string& id, int deliveries) {
  const MutexLock lock(mutex_);
  const std::uint64_t ticket = next_ticket_++;
  held_.emplace(ticket, Held{id, deliveries});
  return ticket;
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

void RedisSettler::Settle(Settlement settlement, OnSettled done) {
  const MutexLock lock(mutex_);
  Held& held = held_.find(settlement.ticket)->second;
  held.settling = true;
  queue_.push_back({std::move(settlement), std::move(done), held});
  changed_.NotifyAll();
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
  const std::string& id = pending.held.id;
  const base::WallTime now = context_.clock.Wall();
  switch (settled.ending) {
    case Ending::kDone: {
      RedisCommand command = {
          "EVAL", kPublishScript, "2", options_.stream, options_.results_stream, options_.group,
          id,     kResultsLimit};
      AppendResultEntry({settled.frame_id, settled.record}, context_.processor_id, now, command);
      return command;
    }
    case Ending::kDropped:
      return {"EVAL", kDropScript, "1", options_.stream, options_.group, id};
    case Ending::kDead:
      return {"EVAL",
              kDeadScript,
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
              settled.reason,
              "dlq_id",
              id,
              "dlq_deliveries",
              std::to_string(pending.held.deliveries),
              "dlq_processor_id",
              context_.processor_id,
              "dlq_timestamp",
              EpochSeconds(now)};
    case Ending::kReturned:
      break;
  }
  // A hand-out that reached no worker is no attempt.
  const int attempts = pending.held.deliveries - (settled.worked_on ? 0 : 1);
  return {"EVAL",
          kReturnScript,
          "1",
          options_.stream,
          options_.group,
          context_.consumer,
          id,
          kGivenBackIdle,
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
    if (!batch.empty()) SettleSome(std::move(batch));
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
  for (Pending& each : refused_) {
    if (batch.size() == together_) break;
    if (each.next_try > now) continue;
    if (IsSmall(each)) --parked_;
    batch.push_back(std::move(each));
    each.done = nullptr;
  }
  std::erase_if(refused_, [](const Pending& each) { return !each.done; });
  while (!queue_.empty() && batch.size() < together_) {
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return batch;
}

void RedisSettler::PutBack(Batch batch) {
  const MutexLock lock(mutex_);
  while (!batch.empty()) {
    queue_.push_front(std::move(batch.back()));
    batch.pop_back();
  }
}

// A script that had been done answers 0 the second time: so a frame may count as taken over that
// was ours, never twice as done.
void RedisSettler::SettleSome(Batch batch) {
  std::vector<RedisCommand> commands;
  for (const Pending& pending : batch) commands.push_back(CommandFor(pending));
  auto replies = client_.Ask(commands, {.cancel = cancel_});
  if (!replies) return Unanswered(std::move(batch));
  together_ = std::min(kSettleTogether, together_ * 2);
  lone_failures_ = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const RedisReply& reply = (*replies)[i];
    if (reply.kind != RedisReply::Kind::kError) {
      Settled(batch[i], reply.integer == 1);
    } else if (net::RefusalOf(reply.text).word == "NOGROUP") {
      Settled(batch[i], false);  // nothing to settle: Redis has lost it
    } else {
      SetAside(std::move(batch[i]), net::RefusalOf(reply.text).word,
               net::RefusalSentence(reply.text));
    }
  }
}

// All of it is sent again, alone after the first time, so that one that ends the connection stops
// none behind it.
void RedisSettler::Unanswered(Batch batch) {
  const bool alone = batch.size() == 1;
  together_ = 1;
  const Deadline pause_end(base::SystemClock(), kRetry);
  // A server that is away is no fault of the settlement.
  const bool there = alone && client_.Ask(RedisCommand{"PING"}, {.cancel = cancel_}).has_value();
  if (there && ++lone_failures_ >= kMostLoneFailures) {
    lone_failures_ = 0;
    return SetAside(std::move(batch.front()), "connection",
                    "Redis ends the connection at this settlement");
  }
  PutBack(std::move(batch));
  const MutexLock lock(mutex_);
  while (!pause_end.Expired() && !cancel_.Cancelled()) {
    changed_.WaitUntil(mutex_, pause_end, cancel_);
  }
}

void RedisSettler::SetAside(Pending pending, std::string_view word, std::string_view reason) {
  const std::string& key = KeyOf(pending);
  if (context_.metrics != nullptr) context_.metrics->SettlementRefused(word);
  const bool first = pending.pause == milliseconds(0);
  if (first) ++refused_keys_[key];
  if (context_.conditions != nullptr) {
    context_.conditions->Raise(telemetry::condition::kSettlementRefused, key, reason);
  }
  pending.pause = first ? kRetry : std::min(kLongestPause, pending.pause * 2);
  pending.next_try = Now() + pending.pause;
  if (IsSmall(pending)) {
    const MutexLock lock(mutex_);
    ++parked_;
  }
  refused_.push_back(std::move(pending));
}

void RedisSettler::Settled(Pending& pending, bool ours) {
  const std::string& key = KeyOf(pending);
  if (const auto refused = refused_keys_.find(key); refused != refused_keys_.end()) {
    const bool was_refused = pending.pause > milliseconds(0);
    if (was_refused) --refused->second;
    if (refused->second > 0) {
      // What hindered this one has gone: so the others are tried now.
      for (Pending& each : refused_) {
        if (was_refused && KeyOf(each) == key) each.next_try = {};
      }
    } else {
      refused_keys_.erase(refused);
      if (context_.conditions != nullptr) {
        context_.conditions->Clear(telemetry::condition::kSettlementRefused, key);
      }
    }
  }
  pending.done(ours);
  const MutexLock lock(mutex_);
  held_.erase(pending.settlement.ticket);
}

void RedisSettler::KeepHeld() {
  std::vector<RedisCommand> commands;
  {
    const MutexLock lock(mutex_);
    if (held_.empty()) return;
    for (const auto& [ticket, held] : held_) {
      commands.push_back(
          {"EVAL", kTouchScript, "1", options_.stream, options_.group, context_.consumer, held.id});
    }
  }
  commands.push_back({"XREADGROUP", "GROUP", options_.group, context_.consumer, "COUNT", "1",
                      "STREAMS", options_.stream, kLastId});
  (void)client_.Ask(commands, {.cancel = cancel_});  // the next one comes soon
}

}  // namespace sampleproc::consumer

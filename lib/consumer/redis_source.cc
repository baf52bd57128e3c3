#include "consumer/redis_source.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "consumer/entry_fields.h"
#include "consumer/redis_scripts.h"
#include "consumer/result_entry.h"

namespace sampleproc::consumer {
namespace {

using base::ErrorCode;
using base::Result;
using net::RedisCommand;
using net::RedisReply;
using std::chrono::milliseconds;

constexpr milliseconds kBlock{500};             // a stop waits no longer
constexpr milliseconds kShortBlock{20};         // while more can be claimed soon
constexpr milliseconds kLookForTheDead{1'000};  // at the latest
constexpr milliseconds kRetrySettling{200};
// When it stops: for the answer to a pull that is on its way, for settlements that are left, and
// for each question after them.
constexpr milliseconds kLastAnswer{1'000};
constexpr milliseconds kLastPatience{1'000};
constexpr milliseconds kBrief{500};
constexpr std::size_t kSettleTogether = 64;
constexpr const char* kDeadLimit = "10000";

std::string Milliseconds(milliseconds time) { return std::to_string(time.count()); }

// Calls `take` with each entry of a stream's answer, [id, [name, value, ...]].
template <typename Take>
void ForEntries(RedisReply& entries, Take take) {
  for (RedisReply& entry : entries.elements) {
    // An entry that was trimmed while it was pending has no fields.
    if (entry.elements.size() == 2 && !entry.elements[1].elements.empty()) take(entry);
  }
}

struct GroupMember {
  std::string name;
  std::int64_t pending = 0;
  milliseconds idle{0};
};

// Of the answer to XINFO CONSUMERS: for each name and value in turn, and whatever a later version
// adds.
std::vector<GroupMember> ReadMembers(const RedisReply& reply) {
  std::vector<GroupMember> members;
  for (const RedisReply& each : reply.elements) {
    GroupMember member;
    for (std::size_t i = 0; i + 1 < each.elements.size(); i += 2) {
      const std::string& key = each.elements[i].text;
      const RedisReply& value = each.elements[i + 1];
      if (key == "name") member.name = value.text;
      if (key == "pending") member.pending = value.integer;
      if (key == "idle") member.idle = milliseconds(value.integer);
    }
    members.push_back(std::move(member));
  }
  return members;
}

}  // namespace

RedisSource::RedisSource(RedisSourceContext context, const RedisOptions& options,
                         const frame::Options& limits)
    : context_(std::move(context)),
      options_(options),
      limits_(limits),
      pull_client_(context_.connect, context_.login, context_.limits),
      next_claim_(context_.clock.Now()),
      next_forgetting_(next_claim_ + options_.claim_idle * kForgottenAfter / 4),
      settle_client_(context_.connect, context_.login, context_.limits),
      settler_([this] { Settler(); }) {}

RedisSource::~RedisSource() {
  {
    std::unique_lock lock(mutex_);
    closing_ = true;
    changed_.notify_all();
    changed_.wait_for(lock, kLastPatience, [this] { return closed_; });
    settling_.Cancel();
    changed_.notify_all();
  }
  settler_.join();
  // Nobody hears of these any more; they stay pending, and others claim them.
  for (Pending& pending : queue_) pending.done(false);
  LeaveGroup();
}

void RedisSource::Interrupt() { gate_.Interrupt(kLastAnswer); }

Result<RedisReply> RedisSource::Ask(const RedisCommand& command, milliseconds wait) {
  auto reply = pull_client_.Ask(command, {.cancel = gate_.cancel()}, wait);
  if (reply && reply->kind == RedisReply::Kind::kError && !reply->IsError("NOGROUP")) {
    return std::unexpected(reply->AsError());
  }
  return reply;
}

// Of one who stops, and waits no longer than need be.
Result<RedisReply> RedisSource::AskBriefly(net::RedisClient& client, const RedisCommand& command) {
  return client.Ask(command, base::Allowance().Within(kBrief));
}

Result<bool> RedisSource::AloneInGroup() {
  auto reply = AskBriefly(pull_client_, {"XINFO", "CONSUMERS", options_.stream, options_.group});
  if (!reply) return std::unexpected(std::move(reply.error()));
  if (reply->kind == RedisReply::Kind::kError) return std::unexpected(reply->AsError());
  return std::ranges::none_of(ReadMembers(*reply), [this](const GroupMember& each) {
    return each.name != context_.consumer && each.idle < kHeard;
  });
}

// One that is only slow loses nothing: with its next frame it is in the group again.
void RedisSource::ForgetTheGone() {
  const milliseconds silence = options_.claim_idle * kForgottenAfter;
  if (context_.clock.Now() < next_forgetting_) return;
  next_forgetting_ = context_.clock.Now() + silence / 4;
  const auto reply = Ask({"XINFO", "CONSUMERS", options_.stream, options_.group});
  if (!reply) return;  // the next one comes
  for (const GroupMember& each : ReadMembers(*reply)) {
    if (each.name == context_.consumer || each.pending > 0 || each.idle < silence) continue;
    (void)Ask({"EVAL", kLeaveScript, "1", options_.stream, options_.group, each.name});
  }
}

Result<void> RedisSource::MakeGroup() {
  auto reply = pull_client_.Ask(
      RedisCommand{"XGROUP", "CREATE", options_.stream, options_.group, "0", "MKSTREAM"},
      {.cancel = gate_.cancel()});
  if (!reply) return std::unexpected(std::move(reply.error()));
  if (reply->kind == RedisReply::Kind::kError && !reply->IsError("BUSYGROUP")) {
    return std::unexpected(reply->AsError());
  }
  return {};
}

// Moves the texts out of the entry: pixels are large, and memory that is given back frame by frame
// is taken again by the next one.
Delivery RedisSource::Take(RedisReply& entry, int deliveries) {
  const std::string id = std::move(entry.elements[0].text);
  std::vector<EntryField> fields;
  auto& parts = entry.elements[1].elements;
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
    fields.push_back({std::move(parts[i].text), std::move(parts[i + 1].text)});
  }
  Delivery delivery;
  delivery.deliveries = deliveries;
  auto read = ReadEntry(std::move(fields), EntryOrigin::kStream, limits_);
  if (read) {
    delivery.entry = std::move(*read);
  } else {
    delivery.broken = std::move(read.error());
  }
  if (delivery.entry.frame_id.empty()) delivery.entry.frame_id = id;
  const std::lock_guard lock(mutex_);
  delivery.ticket = next_ticket_++;
  held_.emplace(delivery.ticket, Held{id, deliveries});
  return delivery;
}

bool RedisSource::HoldsSuspect() const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(held_, [](const auto& each) { return each.second.deliveries > 1; });
}

bool RedisSource::Holds(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(held_, [&](const auto& each) { return each.second.id == id; });
}

Result<std::vector<Delivery>> RedisSource::Pull(std::size_t count) {
  const PullGate::Pass pass(gate_);
  if (!pass.let_in()) return base::Fail(ErrorCode::kShuttingDown, "no more frames are pulled");
  if (context_.clock.Now() >= next_claim_) {
    auto claimed = Claim(count);
    if (!claimed || !claimed->empty()) return claimed;
    if (!left_behind_) {
      next_claim_ = context_.clock.Now() + std::min(options_.claim_idle / 4, kLookForTheDead);
    }
    ForgetTheGone();
  }
  if (auto seen = BeSeen(); !seen) return std::unexpected(std::move(seen.error()));
  return Read(count);
}

// Redis 7.0 knows a consumer from its first frame on, and does not take a blocked read for a sign
// of life. Asking for what is in hand is one; nothing is, so nothing comes.
Result<void> RedisSource::BeSeen() {
  if (context_.clock.Now() < next_seen_) return {};
  {
    const std::lock_guard lock(mutex_);
    if (!held_.empty()) return {};  // KeepHeld is a sign too
  }
  auto reply = Ask({"XREADGROUP", "GROUP", options_.group, context_.consumer, "COUNT", "1",
                    "STREAMS", options_.stream, "0"});
  if (!reply) return std::unexpected(std::move(reply.error()));
  if (reply->IsError("NOGROUP")) return {};  // Read makes it, and we come back
  next_seen_ = context_.clock.Now() + kHeard / 4;
  return {};
}

Result<std::vector<Delivery>> RedisSource::Read(std::size_t count) {
  const milliseconds block = left_behind_ ? kShortBlock : kBlock;
  const RedisCommand command = {"XREADGROUP",
                                "GROUP",
                                options_.group,
                                context_.consumer,
                                "COUNT",
                                std::to_string(count),
                                "BLOCK",
                                Milliseconds(block),
                                "STREAMS",
                                options_.stream,
                                ">"};
  auto reply = Ask(command, block);
  if (!reply) return std::unexpected(std::move(reply.error()));
  std::vector<Delivery> deliveries;
  if (reply->IsError("NOGROUP")) {
    if (auto made = MakeGroup(); !made) return std::unexpected(std::move(made.error()));
    return deliveries;
  }
  for (RedisReply& stream : reply->elements) {
    if (stream.elements.size() != 2) continue;
    ForEntries(stream.elements[1],
               [&](RedisReply& entry) { deliveries.push_back(Take(entry, 1)); });
  }
  return deliveries;
}

// What the dead have left. Entries that were given back come together, others one by one.
Result<std::vector<Delivery>> RedisSource::Claim(std::size_t count) {
  auto reply = Ask({"XPENDING", options_.stream, options_.group, "IDLE",
                    Milliseconds(options_.claim_idle), "-", "+", std::to_string(count)});
  if (!reply) return std::unexpected(std::move(reply.error()));
  std::vector<Delivery> deliveries;
  left_behind_ = false;
  for (const RedisReply& each : reply->elements) {
    if (each.elements.size() != 4) continue;
    // In work here, and idle only because Redis was away for so long that nothing was touched.
    const std::string& id = each.elements[0].text;
    if (Holds(id)) continue;
    const std::int64_t before = each.elements[3].integer;
    const bool suspect = before > 0;
    if (suspect && HoldsSuspect()) {
      left_behind_ = true;
      continue;
    }
    auto claimed = ClaimOne(id, before + 1);
    if (!claimed) {
      // What has been claimed is held, so it must come to its worker.
      if (!deliveries.empty()) break;
      return std::unexpected(std::move(claimed.error()));
    }
    std::ranges::move(*claimed, std::back_inserter(deliveries));
  }
  return deliveries;
}

Result<std::vector<Delivery>> RedisSource::ClaimOne(const std::string& id,
                                                    std::int64_t deliveries) {
  auto reply = Ask({"XCLAIM", options_.stream, options_.group, context_.consumer,
                    Milliseconds(options_.claim_idle), id});
  if (!reply) return std::unexpected(std::move(reply.error()));
  std::vector<Delivery> claimed;
  ForEntries(*reply, [&](RedisReply& entry) {
    Delivery delivery = Take(entry, static_cast<int>(std::min<std::int64_t>(deliveries, 1'000)));
    if (deliveries > options_.max_deliveries && !delivery.broken) {
      delivery.broken =
          base::Fail(ErrorCode::kInternal, "whoever works on this frame does not come back")
              .error();
    }
    claimed.push_back(std::move(delivery));
  });
  return claimed;
}

void RedisSource::Settle(Settlement settlement, OnSettled done) {
  const std::lock_guard lock(mutex_);
  const auto held = held_.find(settlement.ticket);
  queue_.push_back({std::move(settlement), std::move(done), held->second});
  changed_.notify_all();
}

RedisCommand RedisSource::CommandFor(const Pending& pending) const {
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
  return {"EVAL", kReturnScript, "1", options_.stream, options_.group, context_.consumer, id};
}

// Whether Redis took what was sent; else all of it is to be sent again. A script that had been done
// answers 0 the second time: so a frame may count as taken over that was ours, never twice as done.
bool RedisSource::SettleSome(std::vector<Pending>& batch) {
  std::vector<RedisCommand> commands;
  for (const Pending& pending : batch) commands.push_back(CommandFor(pending));
  auto replies = settle_client_.Ask(commands, {.cancel = settling_});
  if (!replies) return false;
  std::vector<Pending> again;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const RedisReply& reply = (*replies)[i];
    if (reply.kind == RedisReply::Kind::kError) {
      // Without the group there is nothing to settle: Redis has lost it. The word stands within the
      // message of a script.
      if (reply.text.find("NOGROUP") != std::string::npos) {
        batch[i].done(false);
      } else {
        again.push_back(std::move(batch[i]));
        continue;
      }
    } else {
      batch[i].done(reply.integer == 1);
    }
    const std::lock_guard lock(mutex_);
    held_.erase(batch[i].settlement.ticket);
  }
  batch = std::move(again);
  return batch.empty();
}

void RedisSource::KeepHeld() {
  RedisCommand command = {"EVAL",          kKeepScript,    "1",
                          options_.stream, options_.group, context_.consumer};
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [ticket, held] : held_) command.push_back(held.id);
  }
  if (command.size() == 6) return;
  (void)settle_client_.Ask(command, {.cancel = settling_});  // the next one comes soon
}

void RedisSource::Settler() {
  SettleUntilClosed();
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

void RedisSource::SettleUntilClosed() {
  const milliseconds beat = std::max(milliseconds(1), options_.claim_idle / 3);
  base::MonoTime next_beat = base::SystemClock().Now() + beat;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait_until(lock, next_beat, [this] { return closing_ || !queue_.empty(); });
    if (base::SystemClock().Now() >= next_beat) {
      next_beat = base::SystemClock().Now() + beat;
      lock.unlock();
      KeepHeld();
      lock.lock();
      continue;
    }
    if (queue_.empty()) return;  // closing
    std::vector<Pending> batch;
    while (!queue_.empty() && batch.size() < kSettleTogether) {
      batch.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    lock.unlock();
    const bool settled = SettleSome(batch);
    lock.lock();
    while (!batch.empty()) {
      queue_.push_front(std::move(batch.back()));
      batch.pop_back();
    }
    if (settled) continue;
    if (settling_.Cancelled()) return;
    const base::MonoTime pause_end = base::SystemClock().Now() + kRetrySettling;
    while (base::SystemClock().Now() < pause_end) changed_.wait_until(lock, pause_end);
  }
}

void RedisSource::LeaveGroup() {
  // A server that is away is not waited for.
  net::RedisClient& client = settle_client_.connected() ? settle_client_ : pull_client_;
  if (!client.connected()) return;
  (void)AskBriefly(client,
                   {"EVAL", kLeaveScript, "1", options_.stream, options_.group, context_.consumer});
}

}  // namespace sampleproc::consumer

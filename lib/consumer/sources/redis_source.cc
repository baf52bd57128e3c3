#include "consumer/sources/redis_source.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <iterator>
#include <utility>

#include "consumer/sources/entry_fields.h"
#include "consumer/sources/redis_answers.h"
#include "consumer/sources/redis_scripts.h"

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
// When it stops: for the answer to a pull that is on its way, for settlements that are left, and
// for each question after them.
constexpr milliseconds kLastAnswer{1'000};
constexpr milliseconds kLastPatience{1'000};
constexpr milliseconds kBrief{500};
constexpr int kMostDeliveries = 1'000;  // that are told apart
// How long an answer waits for room in the memory budget before it is given up.
constexpr milliseconds kPatience{1'000};
constexpr std::size_t kBesideEntry = 1U << 20;  // what else an answer takes
constexpr std::size_t kPage = 100;              // of what is pending, beside what is in work here
// Redis looks from the id after it on, so it is the last but one.
constexpr const char* kBehindTheLast = "18446744073709551615-18446744073709551614";

std::string Milliseconds(milliseconds time) { return std::to_string(time.count()); }

}  // namespace

RedisSource::RedisSource(RedisSourceContext context, const RedisOptions& options,
                         const frame::Options& limits)
    : context_(std::move(context)),
      options_(options),
      limits_(limits),
      settler_({.connect = context_.connect,
                .login = context_.login,
                .limits = context_.limits,
                .clock = context_.clock,
                .consumer = context_.consumer,
                .processor_id = context_.processor_id,
                .server = context_.server,
                .metrics = context_.metrics,
                .conditions = context_.conditions},
               options_),
      pull_client_(context_.connect, context_.login, context_.limits),
      next_claim_(context_.clock.Now()),
      next_forgetting_(next_claim_ + options_.claim_idle * kForgottenAfter / 4) {}

RedisSource::~RedisSource() { Close(base::Deadline(base::SystemClock(), kLastPatience)); }

void RedisSource::Interrupt(const base::Deadline& end) { gate_.Interrupt(kLastAnswer, end); }

void RedisSource::Close(const base::Deadline& end) {
  if (std::exchange(closed_, true)) return;
  settler_.Close(end);
  LeaveGroup(end);
}

Result<RedisReply> RedisSource::Ask(const RedisCommand& command, milliseconds wait,
                                    const net::ReplyRoom& room) {
  auto reply = pull_client_.Ask(command, {.cancel = gate_.cancel()}, wait, room);
  if (reply && reply->kind == RedisReply::Kind::kError && !reply->IsError("NOGROUP")) {
    return std::unexpected(reply->AsError());
  }
  return reply;
}

// Half, because an entry stands in the reader before the reply has its copy.
std::size_t RedisSource::MostEntryBytes() const {
  const std::size_t most = context_.limits.reply_bytes;
  if (context_.budget == nullptr) return most / 2;
  const std::size_t capacity = context_.budget->capacity();
  return std::min(most, capacity - std::min(capacity, kBesideEntry)) / 2;
}

// Of one who stops, and waits no longer than need be.
Result<RedisReply> RedisSource::AskBriefly(net::RedisClient& client, const RedisCommand& command,
                                           const base::Deadline& end) {
  return client.Ask(command, base::Allowance{.deadline = end}.Within(kBrief));
}

Result<bool> RedisSource::AloneInGroup(const base::Deadline& end) {
  auto reply =
      AskBriefly(pull_client_, {"XINFO", "CONSUMERS", options_.stream, options_.group}, end);
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
Delivery RedisSource::Take(const std::string& id, RedisReply& values, int deliveries,
                           PullMemory& memory) {
  std::vector<EntryField> fields;
  auto& parts = values.elements;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
    bytes += parts[i].text.size() + parts[i + 1].text.size();
    fields.push_back({std::move(parts[i].text), std::move(parts[i + 1].text)});
  }
  Delivery delivery;
  delivery.deliveries = deliveries;
  delivery.memory = memory.Part(bytes);
  auto read = ReadEntry(std::move(fields), EntryOrigin::kStream, limits_);
  if (read) {
    delivery.entry = std::move(*read);
  } else {
    delivery.broken = std::move(read.error());
  }
  if (delivery.entry.frame_id.empty()) delivery.entry.frame_id = id;
  delivery.message_id = id;
  delivery.ticket = settler_.Hold(id, deliveries);
  return delivery;
}

Result<std::vector<Delivery>> RedisSource::Pull(std::size_t count) {
  const std::uint64_t first = settler_.next_ticket();
  try {
    return PullSome(count);
  } catch (const std::exception&) {
    // No memory: what came is ours and nobody knows of it, as after an answer that was lost.
    lost_ = true;
    settler_.LetGo(first);
    throw;
  }
}

Result<std::vector<Delivery>> RedisSource::PullSome(std::size_t count) {
  const PullGate::Pass pass(gate_);
  if (!pass.let_in()) return base::Fail(ErrorCode::kShuttingDown, "no more frames are pulled");
  auto pulled = PullAny(count);
  if (pulled) return pulled;
  // What had no room, or was too large together, is ours: it comes one by one.
  if (pulled.error().code != ErrorCode::kOverloaded &&
      pulled.error().code != ErrorCode::kTooLarge) {
    return pulled;
  }
  most_ = 1;
  return std::vector<Delivery>();
}

Result<std::vector<Delivery>> RedisSource::PullAny(std::size_t count) {
  if (lost_) {
    auto found = Recover(count);
    if (!found || !found->empty()) return found;
  }
  // By turns with what is new, of which there may be no end either.
  const bool claimed_last = std::exchange(claimed_last_, false);
  if (!claimed_last && context_.clock.Now() >= next_claim_) {
    auto claimed = Claim(count);
    claimed_last_ = claimed && !claimed->empty();
    if (!claimed || claimed_last_) return claimed;
    if (!left_behind_) {
      next_claim_ = context_.clock.Now() + std::min(options_.claim_idle / 4, kLookForTheDead);
    }
    ForgetTheGone();
  }
  if (auto seen = BeSeen(); !seen) return std::unexpected(std::move(seen.error()));
  return Read(count, left_behind_ || claimed_last ? kShortBlock : kBlock);
}

// Redis 7.0 knows a consumer from its first frame on, and does not take a blocked read for a sign
// of life. Asking for what is in hand is one. It is asked for behind the last id there can be: an
// entry that were found, such as one that was given back, would count as handed out anew, and never
// be idle for as long as a claim wants.
Result<void> RedisSource::BeSeen() {
  if (context_.clock.Now() < next_seen_) return {};
  if (settler_.held() > 0) return {};  // what is held is touched, which is a sign too
  auto reply = Ask({"XREADGROUP", "GROUP", options_.group, context_.consumer, "COUNT", "1",
                    "STREAMS", options_.stream, kBehindTheLast});
  if (!reply) return std::unexpected(std::move(reply.error()));
  if (reply->IsError("NOGROUP")) return {};  // Read makes it, and we come back
  next_seen_ = context_.clock.Now() + kHeard / 4;
  return {};
}

Result<std::vector<Delivery>> RedisSource::Read(std::size_t count, milliseconds block) {
  const RedisCommand command = {"XREADGROUP",
                                "GROUP",
                                options_.group,
                                context_.consumer,
                                "COUNT",
                                std::to_string(Most(count)),
                                "BLOCK",
                                Milliseconds(block),
                                "STREAMS",
                                options_.stream,
                                ">"};
  const base::Allowance allowance{.cancel = gate_.cancel()};
  PullMemory memory(context_.budget, kPatience, allowance);
  auto reply =
      Ask(command, block + kPatience, [&](std::size_t bytes) { return memory.Grow(bytes); });
  if (!reply) {
    lost_ = true;
    return std::unexpected(std::move(reply.error()));
  }
  std::vector<Delivery> deliveries;
  if (reply->IsError("NOGROUP")) {
    if (auto made = MakeGroup(); !made) return std::unexpected(std::move(made.error()));
    return deliveries;
  }
  for (RedisReply& stream : reply->elements) {
    if (stream.elements.size() != 2) continue;
    for (RedisReply& entry : stream.elements[1].elements) {
      if (entry.elements.size() != 2) continue;
      deliveries.push_back(Take(entry.elements[0].text, entry.elements[1], 1, memory));
    }
  }
  if (!deliveries.empty()) ReadMore(count);
  return deliveries;
}

// What the dead have left, and what is ours and never came. Entries that were given back come
// together, others one by one.
Result<std::vector<Delivery>> RedisSource::Claim(std::size_t count) {
  auto reply =
      Ask({"XPENDING", options_.stream, options_.group, "IDLE", Milliseconds(options_.claim_idle),
           "-", "+", std::to_string(count + kPage + settler_.held())});
  if (!reply) return std::unexpected(std::move(reply.error()));
  left_behind_ = false;
  std::vector<std::string> given_back;
  std::vector<std::string> suspects;
  for (RedisReply& each : reply->elements) {
    if (each.elements.size() != 4) continue;
    // In work here, and idle only because it was trimmed, or Redis was away for too long.
    std::string& id = each.elements[0].text;
    if (settler_.Holds(id)) continue;
    const std::int64_t before = each.elements[3].integer;
    if (before == 0) {
      if (given_back.size() == Most(count)) continue;
      claiming_.try_emplace(id, 0);
      given_back.push_back(std::move(id));
    } else {
      const bool lost = each.elements[1].text == context_.consumer && !WasGivenBack(each);
      if (!lost) claiming_.try_emplace(id, 0);
      suspects.push_back(std::move(id));
    }
  }
  // In turns, so that one that is given back again and again stops none behind it.
  std::ranges::rotate(
      suspects, std::ranges::upper_bound(suspects, OrderOf(last_suspect_), std::less(), OrderOf));
  auto deliveries = Fetch(given_back, options_.claim_idle);
  if (!deliveries) return deliveries;
  for (const std::string& id : suspects) {
    if (settler_.HoldsSuspect() || deliveries->size() >= count) {
      left_behind_ = true;
      break;
    }
    last_suspect_ = id;
    auto one = Fetch({id}, options_.claim_idle);
    if (!one) {
      // What has been claimed is held, so it must come to its worker.
      if (!deliveries->empty()) break;
      return one;
    }
    std::ranges::move(*one, std::back_inserter(*deliveries));
  }
  std::erase_if(claiming_, [&](const auto& each) { return !lost_ && each.second == 0; });
  TellTrimmed(*deliveries);
  return deliveries;
}

// What was handed to us in answers that never came, or were too large.
Result<std::vector<Delivery>> RedisSource::Recover(std::size_t count) {
  auto reply = Ask({"XPENDING", options_.stream, options_.group, "-", "+",
                    std::to_string(count + kPage + settler_.held()), context_.consumer});
  if (!reply) return std::unexpected(std::move(reply.error()));
  std::vector<std::string> ids;
  bool more = false;
  for (RedisReply& each : reply->elements) {
    if (each.elements.size() != 4) continue;
    std::string& id = each.elements[0].text;
    const std::int64_t before = each.elements[3].integer;
    if (WasGivenBack(each) || settler_.Holds(id)) continue;
    const bool suspect = before > 1 || claiming_.contains(id);
    if (ids.size() == Most(count) || (suspect && settler_.HoldsSuspect())) {
      more = true;
    } else {
      ids.push_back(std::move(id));
    }
  }
  auto deliveries = Fetch(ids, milliseconds(0));
  if (!deliveries) return deliveries;
  lost_ = more;
  if (!lost_) claiming_.clear();
  if (!deliveries->empty()) ReadMore(count);
  TellTrimmed(*deliveries);
  return deliveries;
}

// Entries by their ids, as far as they are still to be had and have been idle for so long.
Result<std::vector<Delivery>> RedisSource::Fetch(const std::vector<std::string>& ids,
                                                 milliseconds idle) {
  std::vector<Delivery> deliveries;
  if (ids.empty()) return deliveries;
  std::vector<RedisCommand> commands;
  for (const std::string& id : ids) {
    commands.push_back({"EVAL", kTakeScript, "1", options_.stream, options_.group,
                        context_.consumer, id, Milliseconds(idle),
                        std::to_string(context_.limits.reply_elements / 2),
                        std::to_string(MostEntryBytes())});
  }
  const base::Allowance allowance{.cancel = gate_.cancel()};
  PullMemory memory(context_.budget, kPatience, allowance);
  auto taken = pull_client_.Ask(commands, allowance, kPatience,
                                [&](std::size_t bytes) { return memory.Grow(bytes); });
  if (taken) {
    auto noted = NoteAttempts(*taken, ids);
    if (!noted) taken = std::unexpected(std::move(noted.error()));
  }
  if (!taken) {
    lost_ = true;
    return std::unexpected(std::move(taken.error()));
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    claiming_.erase(ids[i]);
    RedisReply& each = (*taken)[i];
    if (each.elements.size() >= 2) deliveries.push_back(Taken(ids[i], each, memory));
  }
  return deliveries;
}

// Counts the attempt at what has arrived by a claim, in Redis and in the answer: only now, because
// an answer that gets lost is no attempt. What is somebody else's by now becomes 'none'.
Result<void> RedisSource::NoteAttempts(std::vector<RedisReply>& taken,
                                       const std::vector<std::string>& ids) {
  std::vector<RedisCommand> commands;
  std::vector<RedisReply*> noted;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    RedisReply& each = taken[i];
    if (each.kind == RedisReply::Kind::kError) {
      return std::unexpected(each.AsError());
    }
    const auto claim = claiming_.find(ids[i]);
    if (claim == claiming_.end() || each.elements.size() < 3) continue;
    std::int64_t& attempts = each.elements[1].integer;
    if (claim->second == attempts) continue;  // noted before; the answer got lost
    claim->second = ++attempts;
    commands.push_back({"EVAL", kTouchScript, "1", options_.stream, options_.group,
                        context_.consumer, ids[i], std::to_string(attempts)});
    noted.push_back(&each);
  }
  if (commands.empty()) return {};
  auto replies = pull_client_.Ask(commands, {.cancel = gate_.cancel()});
  if (!replies) return std::unexpected(std::move(replies.error()));
  for (std::size_t i = 0; i < noted.size(); ++i) {
    const RedisReply& reply = (*replies)[i];
    if (reply.kind == RedisReply::Kind::kError) return std::unexpected(reply.AsError());
    if (reply.integer == 0) noted[i]->elements.clear();
  }
  return {};
}

// Of kTakeScript's answers all but 'none'.
Delivery RedisSource::Taken(const std::string& id, RedisReply& taken, PullMemory& memory) {
  const std::string& what = taken.elements[0].text;
  const auto deliveries =
      static_cast<int>(std::clamp<std::int64_t>(taken.elements[1].integer, 1, kMostDeliveries));
  Delivery delivery;
  if (what == "trimmed") {
    delivery.drop = "trimmed";
    delivery.entry.frame_id = id;
    delivery.ticket = settler_.Hold(id, 1);
    return delivery;
  }
  if (what == "large") {
    RedisReply named;
    named.elements.resize(2);
    named.elements[0].text = "frame_id";
    named.elements[1].text = std::move(taken.elements[2].text);
    delivery = Take(id, named, deliveries, memory);
    delivery.broken =
        base::Fail(ErrorCode::kTooLarge,
                   "the entry has " + std::to_string(taken.elements[3].integer) +
                       " names and values of " + std::to_string(taken.elements[4].integer) +
                       " bytes, which is too large to be pulled")
            .error();
    return delivery;
  }
  delivery = Take(id, taken.elements[2], deliveries, memory);
  if (deliveries > options_.max_deliveries && !delivery.broken) {
    delivery.broken =
        base::Fail(ErrorCode::kInternal, "whoever works on this frame does not come back").error();
  }
  return delivery;
}

void RedisSource::TellTrimmed(const std::vector<Delivery>& deliveries) const {
  const auto trimmed = std::ranges::count(deliveries, "trimmed", &Delivery::drop);
  if (trimmed == 0 || context_.log == nullptr) return;
  context_.log->Warning(
      "consumer: frames were trimmed from the stream after they had been handed out and before "
      "somebody worked on them; the stream's MAXLEN is too small for what waits",
      {{"stream", std::string_view(options_.stream)}, {"frames", std::int64_t{trimmed}}});
}

void RedisSource::LeaveGroup(const base::Deadline& end) {
  // A server that is away is not waited for.
  net::RedisClient& settling = settler_.client();
  net::RedisClient& client = settling.connected() ? settling : pull_client_;
  if (!client.connected() || end.Expired()) return;
  (void)AskBriefly(
      client, {"EVAL", kLeaveScript, "1", options_.stream, options_.group, context_.consumer}, end);
}

}  // namespace sampleproc::consumer

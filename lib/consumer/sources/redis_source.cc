#include "consumer/sources/redis_source.h"

#include <algorithm>
#include <charconv>
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
// When it stops: for the answer to a pull that is on its way, and for settlements that are left.
constexpr milliseconds kLastAnswer{1'000};
constexpr milliseconds kLastPatience{1'000};
constexpr int kMostDeliveries = 1'000;  // that are told apart
// How long an answer waits for room in the memory budget before it is given up.
constexpr milliseconds kPatience{1'000};
constexpr std::size_t kBesideEntry = 1U << 20;  // what else an answer takes
std::string Milliseconds(milliseconds time) { return std::to_string(time.count()); }

// When the server gave the entry its id, which begins with the milliseconds since 1970 then
// (XADD). Whoever counts in ids of his own comes to nothing like a time of this century.
std::optional<base::WallTime> AddedAt(std::string_view id) {
  constexpr std::int64_t kYear2001 = 978'307'200'000;
  std::int64_t since = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), since);
  if (error != std::errc() || end == id.data() + id.size() || *end != '-' || since < kYear2001 ||
      since > base::WallTime::max().time_since_epoch() / milliseconds(1)) {
    return std::nullopt;
  }
  return base::WallTime(milliseconds(since));
}

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
  EntryRead read = ReadEntry(std::move(fields), EntryOrigin::kStream, limits_);
  delivery.entry = std::move(read.entry);
  delivery.broken = std::move(read.broken);
  if (delivery.entry.frame_id.empty()) delivery.entry.frame_id = id;
  delivery.message_id = id;
  delivery.added = AddedAt(id);
  delivery.ticket = settler_.Hold(id, deliveries);
  return delivery;
}

Result<std::vector<Delivery>> RedisSource::Pull(std::size_t count) {
  const std::uint64_t first = settler_.next_ticket();
  try {
    return PullSome(count);
  } catch (const std::exception&) {
    // No memory: what came is ours and nobody knows of it, as after an answer that was lost.
    Lose();
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
  if (auto found = TryStuck(); !found || !found->empty()) return found;
  // By turns with what is new, of which there may be no end either; at first until all that was
  // left has been looked at.
  const bool claimed_last = std::exchange(claimed_last_, false) && !catching_up_;
  if (!claimed_last && context_.clock.Now() >= next_claim_) {
    auto claimed = Claim(count);
    claimed_last_ = claimed && !claimed->empty();
    if (!claimed || claimed_last_ || catching_up_) return claimed;
    if (!left_behind_) {
      next_claim_ = context_.clock.Now() + std::min(options_.claim_idle / 4, kLookForTheDead);
    }
    ForgetTheGone();
  }
  if (auto counted = CountDeadLetters(); !counted) {
    return std::unexpected(std::move(counted.error()));
  }
  if (auto seen = BeSeen(); !seen) return std::unexpected(std::move(seen.error()));
  return Read(count, left_behind_ || lost_ || claimed_last ? kShortBlock : kBlock);
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
    Lose();
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

// Entries by their ids, as far as they are still to be had and have been idle for so long.
Result<std::vector<Delivery>> RedisSource::Fetch(const std::vector<std::string>& ids,
                                                 milliseconds idle) {
  std::vector<Delivery> deliveries;
  if (ids.empty()) return deliveries;
  std::vector<RedisCommand> commands;
  for (const std::string& id : ids) {
    commands.push_back({"EVAL", ScriptOf(kTakeScript), "1", options_.stream, options_.group,
                        context_.consumer, id, Milliseconds(idle),
                        std::to_string(context_.limits.reply_elements / 2),
                        std::to_string(MostEntryBytes())});
  }
  const base::Allowance allowance{.cancel = gate_.cancel()};
  PullMemory memory(context_.budget, kPatience, allowance);
  const bool connected = pull_client_.connected();
  auto taken = pull_client_.Ask(commands, allowance, kPatience,
                                [&](std::size_t bytes) { return memory.Grow(bytes); });
  if (!taken && connected && LostOnItsWay(taken.error())) {
    if (ids.size() == 1 && SetAside(ids[0], taken.error())) return deliveries;
    most_ = 1;  // so that it is seen which of them does not arrive
  }
  if (taken) {
    auto noted = NoteAttempts(*taken, ids);
    if (!noted) taken = std::unexpected(std::move(noted.error()));
  }
  if (!taken) {
    Lose();
    return std::unexpected(std::move(taken.error()));
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    claiming_.erase(ids[i]);
    NoLongerStuck(ids[i]);
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
    commands.push_back({"EVAL", ScriptOf(kTouchScript), "1", options_.stream, options_.group,
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

}  // namespace sampleproc::consumer

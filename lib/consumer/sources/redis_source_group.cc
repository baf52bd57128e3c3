// Being one of a consumer group.
#include <algorithm>
#include <utility>

#include "consumer/sources/redis_answers.h"
#include "consumer/sources/redis_rights.h"
#include "consumer/sources/redis_scripts.h"
#include "consumer/sources/redis_source.h"
#include "consumer/sources/sign_of_life.h"

namespace sampleproc::consumer {
namespace {

using base::Result;
using net::RedisCommand;
using net::RedisReply;
using std::chrono::milliseconds;

constexpr milliseconds kBrief{500};  // for a question of one who stops
constexpr milliseconds kProbe{2'000};
constexpr milliseconds kCountLetters{5'000};

static_assert(RedisSettler::kShown <= RedisSource::kHeard / 4);

}  // namespace

// Of one who stops, and waits no longer than need be. A connection that has been idle may have been
// closed at its other end: so it is asked for again, on a new one.
Result<RedisReply> RedisSource::AskBriefly(net::RedisClient& client, const RedisCommand& command,
                                           const base::Deadline& end) {
  const base::Allowance allowance = base::Allowance{.deadline = end}.Within(kBrief);
  auto reply = client.Ask(command, allowance);
  if (reply || allowance.deadline.Expired()) return reply;
  return client.Ask(command, allowance);
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
    (void)Ask({"EVAL", ScriptOf(kLeaveScript), "1", options_.stream, options_.group, each.name});
  }
}

Result<void> RedisSource::Probe() {
  const base::Allowance allowance = base::Allowance{.cancel = gate_.cancel()}.Within(kProbe);
  if (auto allowed = allowance.Check("asking Redis for this user's rights"); !allowed) {
    return std::unexpected(std::move(allowed.error()));
  }
  net::RedisClient client(context_.connect, context_.login, context_.limits);
  return CheckRights(client, options_, context_.consumer, allowance);
}

// A user may be permitted one of the two commands only. The bytes are an estimate by a few entries,
// which takes no time.
Result<void> RedisSource::CountDeadLetters() {
  if (context_.clock.Now() < next_counting_) return {};
  next_counting_ = context_.clock.Now() + kCountLetters;
  const RedisCommand commands[] = {{"XLEN", options_.dlq_stream},
                                   {"MEMORY", "USAGE", options_.dlq_stream}};
  auto replies = pull_client_.Ask(commands, {.cancel = gate_.cancel()});
  if (!replies) return std::unexpected(std::move(replies.error()));
  std::optional<DeadLetters> counted;
  if (const RedisReply& length = (*replies)[0]; length.kind == RedisReply::Kind::kInteger) {
    counted.emplace().letters = static_cast<std::uint64_t>(length.integer);
    counted->limit_bytes = static_cast<std::uint64_t>(options_.dlq_max_bytes);
    const RedisReply& used = (*replies)[1];
    // Of a stream that there is not it says nothing.
    if (used.kind == RedisReply::Kind::kInteger || used.kind == RedisReply::Kind::kNil) {
      counted->bytes = static_cast<std::uint64_t>(used.integer);
    }
  }
  const base::MutexLock lock(letters_mutex_);
  letters_ = counted;
  return {};
}

std::optional<DeadLetters> RedisSource::dead_letters() const {
  const base::MutexLock lock(letters_mutex_);
  return letters_;
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

// One that has no room to pull is shown by its settler.
Result<void> RedisSource::BeSeen() {
  if (context_.clock.Now() < next_seen_) return {};
  auto reply = Ask(SignOfLife(options_, context_.consumer));
  if (!reply) return std::unexpected(std::move(reply.error()));
  if (reply->IsError("NOGROUP")) return {};  // Read makes it, and we come back
  next_seen_ = context_.clock.Now() + RedisSettler::kShown;
  return {};
}

void RedisSource::LeaveGroup(const base::Deadline& end) {
  // A server that is away is not waited for.
  net::RedisClient& settling = settler_.client();
  net::RedisClient& client = settling.connected() ? settling : pull_client_;
  if (!client.connected() || end.Expired()) return;
  (void)AskBriefly(
      client,
      {"EVAL", ScriptOf(kLeaveScript), "1", options_.stream, options_.group, context_.consumer},
      end);
}

}  // namespace sampleproc::consumer

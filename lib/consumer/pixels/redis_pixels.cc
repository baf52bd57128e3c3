#include "consumer/pixels/redis_pixels.h"

#include <utility>

#include "net/redis_refusal.h"

namespace sampleproc::consumer {

using base::ErrorCode;

std::unique_ptr<net::RedisClient> RedisPixels::Take() {
  {
    const base::MutexLock lock(mutex_);
    if (!idle_.empty()) {
      auto client = std::move(idle_.back());
      idle_.pop_back();
      return client;
    }
  }
  return std::make_unique<net::RedisClient>(connect_, login_, limits_);
}

base::Result<net::RedisReply> RedisPixels::Ask(const net::RedisCommand& command,
                                               const base::Allowance& allowance) {
  auto client = Take();
  const bool kept = client->connected();
  auto reply = client->Ask(command, allowance);
  if (!reply && kept && !allowance.deadline.Expired()) {
    reply = client->Ask(command, allowance);  // it may have been closed while it was idle
  }
  if (!reply) return reply;
  const base::MutexLock lock(mutex_);
  idle_.push_back(std::move(client));
  return reply;
}

base::Result<std::string> RedisPixels::Fetch(const std::string& key, const MakeRoom& make_room,
                                             const base::Allowance& allowance) {
  if (auto allowed = allowance.Check("fetching the pixels from Redis"); !allowed) {
    return std::unexpected(allowed.error());
  }
  for (const char* const command : {"STRLEN", "GET"}) {
    auto reply = Ask({command, key}, allowance);
    if (!reply) return std::unexpected(std::move(reply.error()));
    switch (reply->kind) {
      case net::RedisReply::Kind::kInteger: {
        if (reply->integer <= 0) break;
        const auto length = static_cast<std::size_t>(reply->integer);
        if (length > limits_.reply_bytes) {
          return base::Fail(ErrorCode::kTooLarge,
                            "the pixels have " + std::to_string(length) + " bytes; at most " +
                                std::to_string(limits_.reply_bytes) + " are allowed");
        }
        if (auto room = make_room(length); !room) return std::unexpected(std::move(room.error()));
        continue;
      }
      case net::RedisReply::Kind::kText:
        return std::move(reply->text);
      case net::RedisReply::Kind::kError:
        if (reply->IsError("WRONGTYPE")) {
          return base::Fail(ErrorCode::kInvalidFrame, "the key of the pixels does not hold bytes");
        }
        if (net::RefusesKey(reply->text)) {
          return base::Fail(ErrorCode::kUnauthorized, net::RefusalSentence(reply->text));
        }
        return std::unexpected(reply->AsError());
      case net::RedisReply::Kind::kNil:
      case net::RedisReply::Kind::kStatus:
      case net::RedisReply::Kind::kArray:
        break;
    }
    break;
  }
  return base::Fail(ErrorCode::kNotFound, "there is no such key in Redis, or no longer");
}

}  // namespace sampleproc::consumer

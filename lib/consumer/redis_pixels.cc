#include "consumer/redis_pixels.h"

#include <utility>

namespace sampleproc::consumer {

using base::ErrorCode;

std::unique_ptr<net::RedisClient> RedisPixels::Take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto client = std::move(idle_.back());
      idle_.pop_back();
      return client;
    }
  }
  return std::make_unique<net::RedisClient>(connect_, login_, limits_);
}

base::Result<base::ByteBuffer> RedisPixels::Fetch(const std::string& key,
                                                  const base::Allowance& allowance) {
  if (auto allowed = allowance.Check("fetching the pixels from Redis"); !allowed) {
    return std::unexpected(allowed.error());
  }
  auto client = Take();
  const bool kept = client->connected();
  const net::RedisCommand get{"GET", key};
  auto reply = client->Ask(get, allowance);
  if (!reply && kept)
    reply = client->Ask(get, allowance);  // it may have been closed while it was idle
  if (!reply) return std::unexpected(std::move(reply.error()));
  {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(client));
  }
  switch (reply->kind) {
    case net::RedisReply::Kind::kNil:
      return base::Fail(ErrorCode::kNotFound, "there is no such key in Redis, or no longer");
    case net::RedisReply::Kind::kText: {
      const base::ByteView bytes = base::AsBytes(reply->text);
      return base::ByteBuffer(bytes.begin(), bytes.end());
    }
    default:
      break;
  }
  if (reply->IsError("WRONGTYPE")) {
    return base::Fail(ErrorCode::kInvalidFrame, "the key of the pixels does not hold bytes");
  }
  return base::Fail(ErrorCode::kUnavailable, "Redis does not hand out the pixels");
}

}  // namespace sampleproc::consumer

// Pixels that an upstream has put under a key of Redis.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "consumer/pixels/entry_pixels.h"
#include "net/redis_client.h"

namespace sampleproc::consumer {

// Thread-safe: each thread that asks at the same time has a connection of its own, kept for the
// next. For PixelPlaces::redis_key.
class RedisPixels {
 public:
  // `limits.reply_bytes` bounds what one frame may have.
  RedisPixels(net::ConnectStream connect, net::RedisLogin login, const net::RedisLimits& limits)
      : connect_(std::move(connect)), login_(std::move(login)), limits_(limits) {}

  // STRLEN, then GET. kNotFound when there is no such key, or no longer; kTooLarge; kInvalidFrame
  // when it holds something else than bytes; kUnauthorized when the server's ACL does not permit
  // this key; else as net::RedisClient::Ask fails.
  base::Result<std::string> Fetch(const std::string& key, const MakeRoom& make_room,
                                  const base::Allowance& allowance);

 private:
  std::unique_ptr<net::RedisClient> Take() EXCLUDES(mutex_);
  base::Result<net::RedisReply> Ask(const net::RedisCommand& command,
                                    const base::Allowance& allowance) EXCLUDES(mutex_);

  const net::ConnectStream connect_;
  const net::RedisLogin login_;
  const net::RedisLimits limits_;
  base::Mutex mutex_;
  std::vector<std::unique_ptr<net::RedisClient>> idle_ GUARDED_BY(mutex_);
};

}  // namespace sampleproc::consumer

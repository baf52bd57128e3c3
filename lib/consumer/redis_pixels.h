// Pixels that an upstream has put under a key of Redis.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "consumer/entry_pixels.h"
#include "net/redis_client.h"

namespace sampleproc::consumer {

// Thread-safe: each worker that asks at the same time has a connection of its own, kept for the
// next. For PixelPlaces::redis_key.
class RedisPixels {
 public:
  // `limits.reply_bytes` bounds what one frame may have.
  RedisPixels(net::ConnectStream connect, net::RedisLogin login, const net::RedisLimits& limits)
      : connect_(std::move(connect)), login_(std::move(login)), limits_(limits) {}

  // GET. kNotFound when there is no such key, or no longer; kInvalidFrame when it holds something
  // else than bytes; else as net::RedisClient::Ask fails.
  base::Result<base::ByteBuffer> Fetch(const std::string& key, const base::Allowance& allowance);

 private:
  std::unique_ptr<net::RedisClient> Take();

  const net::ConnectStream connect_;
  const net::RedisLogin login_;
  const net::RedisLimits limits_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<net::RedisClient>> idle_;  // guarded by mutex_
};

}  // namespace sampleproc::consumer

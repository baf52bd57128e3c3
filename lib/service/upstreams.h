// How a configuration says that others are reached.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/id_source.h"
#include "consumer/backoff.h"
#include "consumer/options.h"
#include "net/http_client.h"
#include "net/options.h"
#include "net/redis_client.h"

namespace sampleproc::service {

// A client for `url`, which a configuration that was checked has; nullptr when it is empty. The
// references must outlive it.
std::unique_ptr<net::HttpClient> ClientOf(const std::string& url, const net::Options& options,
                                          const base::Clock& clock);

// With the names of streams and group as they are: <processor_id> replaced.
consumer::RedisOptions RedisOf(const consumer::Options& options);

net::ConnectStream ConnectRedis(const consumer::RedisOptions& options);

// An attempt to connect takes 2.5 s at most, whatever the options say.
net::RedisLimits LimitsOf(const net::Options& options);

// The file's only line; "" without a path. kConfig when it cannot be read or has more.
base::Result<std::string> ReadPassword(const std::string& path);

// Exponential, with jitter of its own.
consumer::Backoff BackoffOf(std::chrono::milliseconds first, std::chrono::milliseconds longest,
                            base::IdSource& ids);

}  // namespace sampleproc::service

// How a configuration says that others are reached.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/id_source.h"
#include "base/log.h"
#include "base/text_file.h"
#include "consumer/options.h"
#include "net/http_client.h"
#include "net/options.h"
#include "net/redis_client.h"
#include "resilience/backoff.h"

namespace sampleproc::service {

// A client for `url`, which a configuration that was checked has; nullptr when it is empty. The
// references must outlive it.
std::unique_ptr<net::HttpClient> ClientOf(const std::string& url, const net::Options& options,
                                          const base::Clock& clock);

// With the names of streams and group as they are: <processor_id> replaced.
consumer::RedisOptions RedisOf(const consumer::Options& options);

// Where the connections of ConnectRedis lead.
net::Endpoint RedisEndpoint(const consumer::RedisOptions& options);
net::ConnectStream ConnectRedis(const consumer::RedisOptions& options);

// An attempt to connect takes 2.5 s at most, whatever the options say.
net::RedisLimits LimitsOf(const net::Options& options);

// The only line of the file with the password, else the password that came with the URL; "" is
// none. kConfig when the file cannot be read, is empty or has more lines. A pipe is waited for 10 s
// at the start.
base::Result<std::string> ReadPassword(const consumer::RedisOptions& options,
                                       base::Reading reading);

// The same at the start; says in `log` when a password that changes needs a restart.
base::Result<std::string> ReadRedisPassword(const consumer::RedisOptions& options,
                                            base::Logger& log);

// What is asked for the password at each login after the one of the start: the file, or, where
// that can be read only once, nothing (RedisLogin::password counts).
std::function<base::Result<std::string>()> RereadPassword(const consumer::RedisOptions& options);

// Exponential, with jitter of its own.
resilience::Backoff BackoffOf(std::chrono::milliseconds first, std::chrono::milliseconds longest,
                              base::IdSource& ids);

}  // namespace sampleproc::service

#include "service/upstreams.h"

#include <algorithm>
#include <utility>

#include "consumer/stream_name.h"
#include "net/stream.h"
#include "net/tls_stream.h"
#include "net/url.h"
#include "resilience/retry_policy.h"

namespace sampleproc::service {

using base::Result;

namespace {

// A partition is found after the first. Once it has healed the next attempt to connect finds Redis:
// none waits longer than the second, and the pauses between them are bounded too
// (consumer_parts.cc).
constexpr std::chrono::seconds kRedisIsDead{4};
constexpr std::chrono::milliseconds kLongestRedisConnect{2'500};

}  // namespace

std::unique_ptr<net::HttpClient> ClientOf(const std::string& url, const net::Options& options,
                                          const base::Clock& clock) {
  auto parsed = net::ParseUrl(url);
  if (!parsed) return nullptr;
  return std::make_unique<net::HttpClient>(std::move(*parsed), options, net::ResolveBySystem,
                                           clock);
}

Result<std::string> ReadPassword(const consumer::RedisOptions& options, base::Reading reading) {
  if (options.password_file.empty()) return options.password;
  return base::ReadPassword("consumer.redis.password_file", options.password_file, reading);
}

Result<std::string> ReadRedisPassword(const consumer::RedisOptions& options, base::Logger& log) {
  auto password = ReadPassword(options, base::Reading::kFirst);
  if (password && !base::CanBeReread(options.password_file)) {
    log.Warning(
        "consumer.redis.password_file is no regular file: the password that was read at the "
        "start is kept, and a changed one needs a restart");
  }
  return password;
}

std::function<Result<std::string>()> RereadPassword(const consumer::RedisOptions& options) {
  if (options.password_file.empty() || !base::CanBeReread(options.password_file)) return {};
  return [options] { return ReadPassword(options, base::Reading::kAgain); };
}

consumer::RedisOptions RedisOf(const consumer::Options& options) {
  consumer::RedisOptions redis = options.redis;
  for (std::string* name : {&redis.stream, &redis.group, &redis.results_stream,
                            &redis.events_stream, &redis.dlq_stream}) {
    *name = consumer::StreamName(std::move(*name), options.processor_id);
  }
  return redis;
}

net::Endpoint RedisEndpoint(const consumer::RedisOptions& options) {
  net::Endpoint endpoint{.host = options.host, .port = options.port, .dead_after = kRedisIsDead};
  if (options.host.starts_with('/')) endpoint.unix_socket = options.host;
  return endpoint;
}

net::ConnectStream ConnectRedis(const consumer::RedisOptions& options) {
  const net::Endpoint endpoint = RedisEndpoint(options);
  if (!options.tls) {
    return
        [endpoint](const base::Allowance& allowance) { return net::Connect(endpoint, allowance); };
  }
  const net::TlsTrust trust{options.tls_ca_file, options.host, "consumer.redis.tls_ca_file"};
  return [endpoint, trust](const base::Allowance& allowance) {
    return net::ConnectTls(endpoint, trust, allowance);
  };
}

net::RedisLimits LimitsOf(const net::Options& options) {
  net::RedisLimits limits;
  limits.connect = std::min(options.connect_timeout, kLongestRedisConnect);
  limits.answer = options.read_timeout;
  return limits;
}

resilience::Backoff BackoffOf(std::chrono::milliseconds first, std::chrono::milliseconds longest,
                              base::IdSource& ids) {
  auto policy = std::make_shared<resilience::RetryPolicy>(first, longest, ids.Next());
  return [policy](int failures) { return policy->Pause(failures); };
}

}  // namespace sampleproc::service

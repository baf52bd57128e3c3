#include "service/chain.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <climits>
#include <cstring>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "http/ip_network.h"
#include "http/middleware/access_log.h"
#include "http/middleware/auth.h"
#include "http/middleware/body_admission.h"
#include "http/middleware/client_identity.h"
#include "http/middleware/content_coding.h"
#include "http/middleware/cors.h"
#include "http/middleware/drain.h"
#include "http/middleware/host_check.h"
#include "http/middleware/rate_limit.h"
#include "http/middleware/request_id.h"
#include "http/middleware/request_metrics.h"
#include "http/middleware/security_headers.h"
#include "http/middleware/tracing.h"
#include "net/redact.h"

namespace sampleproc::service {
namespace {

// The names that the service answers to without being told.
std::vector<std::string> OwnNames(const config::Config& config) {
  std::vector<std::string> names = {config.service.name, config.http.host};
  std::array<char, HOST_NAME_MAX + 1> machine{};
  if (::gethostname(machine.data(), machine.size() - 1) == 0 && machine[0] != 0) {
    names.emplace_back(machine.data());
  }
  return names;
}

bool MachineHasPublicAddress() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return true;  // nothing is known, so nothing is said
  bool has = false;
  for (const ifaddrs* each = first; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr) continue;
    sockaddr_storage storage{};
    const bool v6 = each->ifa_addr->sa_family == AF_INET6;
    std::memcpy(&storage, each->ifa_addr, v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
    const http::Address address = http::ToAddress(storage);
    if (address.known && !http::IsPrivate(address)) has = true;
  }
  ::freeifaddrs(first);
  return has;
}

constexpr char kSharedBucket[] =
    "behind a proxy all clients would share one rate limit; name the proxy in "
    "http.trusted_proxies, or set http.max_requests_per_minute to 0";

// Warns once of a proxy that is not trusted, when that has all its clients share one rate limit.
std::function<void()> WarnOfUntrustedProxy(const http::Options& options, base::Logger& log) {
  if (options.max_requests_per_minute == 0 || !options.trusted_proxies.empty()) return nullptr;
  return [&log, said = std::make_shared<std::atomic_flag>()] {
    if (!said->test_and_set()) {
      log.Warning(
          "a request says by X-Forwarded-For that it comes through a proxy: its clients share one "
          "rate limit until http.trusted_proxies names it");
    }
  };
}

}  // namespace

std::uint64_t RandomSeed() {
  return (std::uint64_t{std::random_device{}()} << 32) | std::random_device{}();
}

base::Result<ChainParts> MakeChainParts(const config::Config& config, const base::Clock& clock,
                                        base::Reading reading) {
  ChainParts parts;
  auto proxies = http::TrustedProxies::Parse(config.http.trusted_proxies);
  if (!proxies) return std::unexpected(proxies.error());
  parts.proxies = std::move(*proxies);
  if (!config.http.auth_tokens_file.empty()) {
    auto tokens = http::TokenTable::Load(config.http.auth_tokens_file, reading);
    if (!tokens) return std::unexpected(tokens.error());
    parts.tokens = std::make_unique<http::TokenTable>(std::move(*tokens));
  }
  if (config.http.max_requests_per_minute > 0) {
    parts.limiter = std::make_shared<http::RateLimiter>(config.http.max_requests_per_minute, clock,
                                                        RandomSeed());
  }
  return parts;
}

// Outermost first.
http::Chain MakeChain(const config::Config& config, const ChainParts& parts,
                      const ChainContext& context, std::function<bool()> refusing) {
  std::vector<std::unique_ptr<http::Middleware>> links;
  // Outermost, so that every answer has an id to ask about, the refusals of the others included.
  links.push_back(std::make_unique<http::RequestId>(RandomSeed()));
  // Around all others but the id, which it tells.
  if (context.tracer != nullptr) links.push_back(std::make_unique<http::Tracing>(*context.tracer));
  // Before anything that answers: refusals are counted and logged like all else.
  links.push_back(std::make_unique<http::RequestMetrics>(context.metrics, context.clock));
  links.push_back(std::make_unique<http::AccessLog>(
      context.log, context.clock, &net::RedactCredentials,
      config.http.access_log ? http::AccessLog::Lines::kAll
                             : http::AccessLog::Lines::kFailedFrames));
  // Before anything that answers, as every answer has its fields.
  links.push_back(std::make_unique<http::SecurityHeaders>());
  // The cheapest refusal, and while stopping the likeliest.
  links.push_back(std::make_unique<http::Drain>(std::move(refusing)));
  // What is not meant for us must not use up anybody's quota.
  links.push_back(std::make_unique<http::HostCheck>(config.http.allowed_hosts, OwnNames(config)));
  // Refuses nobody; the links below need to know who asks.
  links.push_back(std::make_unique<http::ClientIdentity>(
      parts.proxies, parts.tokens.get(), WarnOfUntrustedProxy(config.http, context.log)));
  // Before the answer to a preflight and before tokens are refused: both cost something, and tokens
  // must not be guessed at any speed.
  if (parts.limiter) {
    links.push_back(std::make_unique<http::RateLimit>(*parts.limiter, parts.tokens != nullptr));
  }
  // Before tokens are asked for: browsers send preflights without.
  if (!config.http.cors_origins.empty()) {
    links.push_back(
        std::make_unique<http::Cors>(config.http.cors_origins, config.http.cors_credentials));
  }
  // Before memory is taken for a stranger.
  if (parts.tokens) links.push_back(std::make_unique<http::Auth>());
  // Tells only those who may ask what may be sent.
  links.push_back(std::make_unique<http::ContentCoding>());
  // Last: it takes memory, so whatever can refuse without taking any comes before it.
  links.push_back(
      std::make_unique<http::BodyAdmission>(config.http.max_request_bytes, context.budget));
  return http::Chain(std::move(links));
}

void WarnOfSharedBucket(const http::Options& options, base::Logger& log) {
  if (options.max_requests_per_minute == 0 || !options.trusted_proxies.empty()) return;
  const auto host = http::ParseAddress(options.host);
  const bool all = options.host == "0.0.0.0" || options.host == "::";
  if (all ? MachineHasPublicAddress()
          : !host || http::IsLoopback(*host) || !http::IsPrivate(*host)) {
    return;
  }
  log.Warning(kSharedBucket,
              {{"max_requests_per_minute", std::int64_t{options.max_requests_per_minute}}});
}

}  // namespace sampleproc::service

// What every request passes before its handler, in order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "config/config.h"
#include "http/chain.h"
#include "http/client_address.h"
#include "http/metrics.h"
#include "http/rate_limiter.h"
#include "http/token_table.h"
#include "resources/memory_budget.h"
#include "telemetry/tracer.h"

namespace sampleproc::service {

// A seed for one process's ids and hashes.
std::uint64_t RandomSeed();

// What links of the chain share with each other and with handlers.
struct ChainParts {
  http::TrustedProxies proxies;
  std::unique_ptr<http::TokenTable> tokens;    // nullptr: everybody may ask
  std::shared_ptr<http::RateLimiter> limiter;  // nullptr: no limit
};

// A reload is `reading` kAgain. Fails with kConfig: a file of tokens that cannot be used, a proxy
// that is no network.
base::Result<ChainParts> MakeChainParts(const config::Config& config, const base::Clock& clock,
                                        base::Reading reading);

// What the links use; all must outlive the chain.
struct ChainContext {
  resources::MemoryBudget& budget;
  const http::Metrics& metrics;
  const base::Clock& clock;
  base::Logger& log;
  const telemetry::Tracer* tracer = nullptr;  // null: nothing is traced
};

// `parts` must outlive the chain; `refusing` says whether new work is refused
// because the service is stopping.
http::Chain MakeChain(const config::Config& config, const ChainParts& parts,
                      const ChainContext& context, std::function<bool()> refusing);

// One warning when the rate limit may take all clients for one: no trusted proxies, and only
// addresses of private networks, where a proxy's requests come in. On loopback it is silent, as
// there are as often no proxies; a request that came through one has the chain warn, once.
void WarnOfSharedBucket(const http::Options& options, base::Logger& log);

}  // namespace sampleproc::service

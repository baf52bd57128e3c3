#include "service/service.h"

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "http/chain.h"
#include "http/server.h"
#include "process/worker_pool.h"
#include "resources/cpu_limits.h"
#include "resources/memory_budget.h"
#include "service/chain.h"
#include "service/readiness.h"
#include "service/routes.h"
#include "service/sizing.h"

namespace sampleproc::service {
namespace {

using base::Result;
using std::chrono::milliseconds;

// Frames on their way at once that are followed one by one; the queue and the workers hold far
// fewer.
constexpr std::size_t kMaxTrackedFrames = 10'000;

}  // namespace

// Members in the order in which they are needed: each may use those above it, and they go in the
// reverse order.
class Service::Impl {
 public:
  Impl(const config::Config& given, const base::Clock& given_clock,
       std::shared_ptr<base::Logger> given_log, const resources::MachineLimits& machine)
      : config(given),
        clock(given_clock),
        log(std::move(given_log)),
        budget(MemoryCapacity(config.resources, machine)),
        tracker(kMaxTrackedFrames, *log),
        cameras(config.process.motion.max_cameras, budget,
                [this](std::string_view camera_id, std::string_view reason) {
                  log->Warning("no motion for this camera: no room for its background",
                               {{"camera", camera_id}, {"reason", reason}});
                }) {}

  const config::Config config;
  const base::Clock& clock;
  const std::shared_ptr<base::Logger> log;
  resources::MemoryBudget budget;
  resources::HeavyLane heavy{process::WorkerPool::kSpareWorkers};
  process::FrameTracker tracker;
  process::CameraStates cameras;
  Readiness readiness;
  bool shut_down = false;

  std::unique_ptr<process::WorkerPool> pool;
  std::optional<http::Router> router;
  ChainParts chain_parts;
  std::optional<http::Chain> chain;
  std::unique_ptr<http::Server> server;
};

Service::Service(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Service>> Service::Start(const config::Config& config,
                                                const base::Clock& clock,
                                                std::shared_ptr<base::Logger> log) {
  const resources::MachineLimits machine = resources::ReadMachineLimits();
  if (!machine.note.empty()) log->Info(machine.note);
  auto impl = std::make_unique<Impl>(config, clock, std::move(log), machine);
  const config::Config& own = impl->config;

  auto pool =
      process::WorkerPool::Start(WorkerCount(own.process, machine), own.process.queue_depth,
                                 process::ProcessorContext{own.process, own.codec, impl->budget,
                                                           clock, impl->cameras, &impl->heavy},
                                 *impl->log);
  if (!pool) return std::unexpected(pool.error());
  impl->pool = std::move(*pool);
  impl->readiness.WatchWorkers([state = impl.get()] {
    return std::pair(state->pool->workers(), state->pool->Stuck(state->config.service.stuck_after));
  });

  impl->router.emplace(
      MakeRoutes({*impl->pool, impl->tracker, own.frame, clock, own.process.simulate_gpu},
                 {*impl->pool, impl->tracker, clock, own.service.name, own.service.version,
                  [state = impl.get()] { return state->readiness.draining(); }}));
  auto parts = MakeChainParts(own, clock);
  if (!parts) return std::unexpected(parts.error());
  impl->chain_parts = std::move(*parts);
  impl->chain.emplace(MakeChain(own, impl->chain_parts, impl->budget,
                                [state = impl.get()] { return state->readiness.draining(); }));
  WarnOfSharedBucket(own.http, *impl->log);
  auto server = http::Server::Listen(
      {own.http, *impl->router, *impl->chain, impl->budget, clock, *impl->log});
  if (!server) return std::unexpected(server.error());
  impl->server = std::move(*server);
  impl->readiness.Started();
  impl->server->Start();

  std::string steps;
  for (const std::string& step : own.process.pipeline) {
    if (!steps.empty()) steps += ',';
    steps += step;
  }
  impl->log->Info("listening",
                  {{"host", std::string_view(own.http.host)},
                   {"port", std::int64_t{impl->server->port()}},
                   {"version", std::string_view(own.service.version)},
                   {"pipeline", std::string_view(steps)},
                   {"workers", std::int64_t{impl->pool->workers()}},
                   {"queue_depth", std::int64_t{own.process.queue_depth}},
                   {"memory_limit", static_cast<std::int64_t>(impl->budget.capacity())},
                   {"max_request_bytes", static_cast<std::int64_t>(own.http.max_request_bytes)}});
  return std::unique_ptr<Service>(new Service(std::move(impl)));
}

Service::~Service() { Shutdown(); }

std::uint16_t Service::port() const { return impl_->server->port(); }

bool Service::Shutdown() {
  if (std::exchange(impl_->shut_down, true)) return true;
  Impl& impl = *impl_;
  const base::Deadline deadline(impl.clock, impl.config.service.shutdown_timeout);

  impl.log->Info("shutdown: no new connections");
  impl.readiness.BeginDrain();
  impl.server->BeginDrain();

  impl.log->Info("shutdown: waiting for requests in work",
                 {{"connections", std::int64_t{impl.server->connections()}}});
  while (impl.server->connections() > 0 && !deadline.Expired()) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  const int left = impl.server->connections();
  if (left > 0) {
    impl.log->Warning("shutdown: time is up, cutting off what is left",
                      {{"connections", std::int64_t{left}}});
  }

  impl.server->Stop();
  impl.pool.reset();
  impl.log->Info("shutdown: done", {{"clean", left == 0}});
  return left == 0;
}

}  // namespace sampleproc::service

#include "service/service.h"

#include <algorithm>
#include <optional>
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
#include "service/consumer_parts.h"
#include "service/generation.h"
#include "service/notifier.h"
#include "service/readiness.h"
#include "service/routes.h"
#include "service/shutdown_phases.h"
#include "service/sizing.h"
#include "service/watchdog.h"
#include "telemetry/otlp_exporter.h"
#include "telemetry/tracer.h"

namespace sampleproc::service {
namespace {

using base::Result;
using std::chrono::milliseconds;

// Frames on their way at once that are followed one by one; the queue and the workers hold far
// fewer.
constexpr std::size_t kMaxTrackedFrames = 10'000;

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ',';
    text += word;
  }
  return text;
}

base::LogLevel LevelOf(std::string_view name) {
  using base::LogLevel;
  if (name == "debug") return LogLevel::kDebug;
  if (name == "warning") return LogLevel::kWarning;
  return name == "error" ? LogLevel::kError : LogLevel::kInfo;
}

}  // namespace

// Members in the order in which they are needed: each may use those above it, and they go in the
// reverse order.
class Service::Impl {
 public:
  Impl(const config::Config& given, const base::Clock& given_clock,
       std::shared_ptr<base::Logger> given_log, const Surroundings& surroundings,
       const resources::MachineLimits& machine)
      : config(given),
        clock(given_clock),
        log(std::move(given_log)),
        notifier(surroundings.notify_socket),
        drain(WorkerCount(config.process, machine)),
        budget(MemoryCapacity(config.resources, machine), &drain),
        tracker(kMaxTrackedFrames, *log),
        cameras({.max_cameras = config.process.motion.max_cameras,
                 .reserved = config.process.motion.cameras,
                 .idle = config.process.motion.camera_idle},
                budget, clock,
                [this](std::string_view camera_id, std::string_view reason) {
                  log->Warning("no motion for this camera: no room for its background",
                               {{"camera", camera_id}, {"reason", reason}});
                }),
        metrics(clock, config.service.version),
        conditions(clock, *log) {
    if (!config.telemetry.tracing || telemetry::TargetOf(config.telemetry).url.empty()) return;
    exporter = std::make_unique<telemetry::OtlpExporter>(
        config.telemetry, telemetry::OtlpExporter::Context{clock, ids, *log, config.service.name,
                                                           config.service.version});
    tracer = std::make_unique<telemetry::Tracer>(config.telemetry, clock, ids, *exporter);
  }

  api::ServiceFacts Facts() const {
    const Readiness::Facts ready = readiness.Ask();
    const process::WorkerPool::Counts counts = pool->counts();
    const process::CameraStates::Counts seen = cameras.counts();
    return {ready.starting,
            ready.draining,
            {.queued_frames = counts.queued,
             .queue_depth = static_cast<std::size_t>(config.process.queue_depth),
             .active_frames = counts.active,
             .workers = ready.workers,
             .stuck_workers = ready.stuck_workers,
             .budget_used_bytes = budget.used(),
             .budget_bytes = budget.capacity(),
             .untracked_frames = static_cast<std::size_t>(tracker.totals().untracked),
             .watched_cameras = seen.cameras,
             .refused_cameras = seen.refused_cameras,
             .refused_camera_frames = seen.refused_frames,
             .connections = server ? server->connections() : 0,
             .refused_connections = server ? server->refused_connections() : 0,
             .accept_failures = server ? server->accept_failures() : 0,
             .lost_log_lines = log->lost_lines(),
             .spans = exporter ? std::optional(exporter->counts()) : std::nullopt,
             .consumer = consumer ? std::optional(consumer->gauges()) : std::nullopt,
             .conditions = conditions.List(),
             .condition_counts = conditions.Counts()}};
  }

  Result<std::shared_ptr<const Generation>> Make(const config::Config& from);
  void LogStart();
  void EndReload(bool successful);
  // A worker that is late but within process.deadline keeps the service from being ready; nobody
  // gives it up.
  milliseconds LostAfter() const {
    return std::max(config.service.stuck_after, config.process.deadline);
  }
  void TellOfCameraPlaces();
  void TellOfDetectors();
  void ApplyDrainDelay(const base::Deadline& force);
  std::uint64_t StopConsumer(const base::Deadline& force, const base::Deadline& end);
  int AwaitRequests(const base::Deadline& force);
  void CloseSessions(const base::Deadline& end);
  void FlushSpans(const base::Deadline& end) const;

  const config::Config config;  // of the start
  const base::Clock& clock;
  const std::shared_ptr<base::Logger> log;
  const Notifier notifier;
  resources::DrainEstimate drain;
  resources::MemoryBudget budget;
  resources::HeavyLane heavy{process::WorkerPool::kSpareWorkers};
  process::FrameTracker tracker;
  process::CameraStates cameras;
  Readiness readiness;
  telemetry::Metrics metrics;
  telemetry::Conditions conditions;
  base::IdSource ids{RandomSeed()};
  std::unique_ptr<telemetry::OtlpExporter> exporter;  // nullptr: nothing is traced
  std::unique_ptr<telemetry::Tracer> tracer;          // likewise
  bool shut_down = false;
  bool debug = false;     // the log is more detailed than configured
  int stuck_workers = 0;  // as the last look found them
  int lost_workers = 0;   // as the last two looks found them

  std::shared_ptr<const process::Detectors> detectors;
  std::unique_ptr<process::WorkerPool> pool;
  std::unique_ptr<ConsumerParts> consumer;  // nullptr: no frames are pulled
  std::shared_ptr<const Generation> generation;
  std::unique_ptr<http::Server> server;
  std::optional<Watchdog> watchdog;
};

Service::Service(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::shared_ptr<const Generation>> Service::Impl::Make(const config::Config& from) {
  auto made = std::make_shared<Generation>(from);
  const config::Config& own = made->config;
  auto parts = MakeChainParts(
      own, clock, generation == nullptr ? base::Reading::kFirst : base::Reading::kAgain);
  if (!parts) return std::unexpected(parts.error());
  made->parts = std::move(*parts);
  const api::AskFacts facts = [this] { return Facts(); };
  made->site.emplace(http::Site{
      own.http,
      http::Router(MakeRoutes(
          {{*pool, tracker, clock, metrics, *log, ids, own.frame, own.process.simulate_gpu,
            made->parts.limiter},
           {facts,
            metrics,
            clock,
            own.service.name,
            own.service.version,
            {own.consumer.enabled, own.consumer.off_although_named, own.process.prefer_gpu}},
           {facts, metrics, tracker, clock}},
          own.telemetry.metrics)),
      MakeChain(own, made->parts, {budget, metrics, clock, *log, tracer.get()},
                [this] { return readiness.refusing(); })});
  return made;
}

void Service::Impl::LogStart() {
  const http::Options& http = generation->config.http;
  const std::string steps = Joined(config.process.pipeline);
  log->Info("listening",
            {{"host", std::string_view(http.host)},
             {"port", std::int64_t{server->port()}},
             {"unix_socket", std::string_view(http.unix_socket)},
             {"tls", !http.tls_cert.empty()},
             {"version", std::string_view(config.service.version)},
             {"pipeline", std::string_view(steps)},
             {"workers", std::int64_t{pool->workers()}},
             {"queue_depth", std::int64_t{config.process.queue_depth}},
             {"memory_limit", static_cast<std::int64_t>(budget.capacity())},
             {"max_request_bytes", static_cast<std::int64_t>(http.max_request_bytes)}});
  for (const auto& shared : detectors->all()) {
    const std::string network = shared->detector->Describe();
    log->Info("detector", {{"name", std::string_view(shared->detector->options().name)},
                           {"network", std::string_view(network)}});
  }
}

Result<std::unique_ptr<Service>> Service::Start(const config::Config& config,
                                                const base::Clock& clock,
                                                std::shared_ptr<base::Logger> log,
                                                const Surroundings& surroundings) {
  const resources::MachineLimits machine = resources::ReadMachineLimits();
  if (!machine.note.empty()) log->Info(machine.note);
  auto impl = std::make_unique<Impl>(config, clock, std::move(log), surroundings, machine);
  const config::Config& own = impl->config;

  auto detectors = process::Detectors::Open(own.process, impl->budget);
  if (!detectors) return std::unexpected(detectors.error());
  impl->detectors = std::move(*detectors);
  auto pool = process::WorkerPool::Start(
      WorkerCount(own.process, machine), own.process.queue_depth,
      process::ProcessorContext{own.process, own.codec, impl->budget, clock, impl->cameras,
                                &impl->heavy, &impl->drain, impl->detectors, true},
      *impl->log);
  if (!pool) return std::unexpected(pool.error());
  impl->pool = std::move(*pool);
  impl->readiness.WatchWorkers([state = impl.get()] {
    return std::pair(state->pool->workers(), state->pool->Stuck(state->config.service.stuck_after));
  });

  auto generation = impl->Make(own);
  if (!generation) return std::unexpected(generation.error());
  impl->generation = std::move(*generation);
  WarnOfSharedBucket(own.http, *impl->log);
  auto server = http::Server::Listen({SiteOf(impl->generation), impl->budget, clock, *impl->log},
                                     surroundings.sockets);
  if (!server) return std::unexpected(server.error());
  impl->server = std::move(*server);
  auto consumer = ConsumerParts::Start({own,
                                        *impl->pool,
                                        {impl->tracker, clock, impl->metrics},
                                        impl->budget,
                                        impl->ids,
                                        impl->conditions,
                                        *impl->log,
                                        impl->tracer.get()});
  if (!consumer) return std::unexpected(consumer.error());
  impl->consumer = std::move(*consumer);
  impl->readiness.Started();
  impl->server->Start();
  impl->watchdog.emplace(surroundings.watchdog, impl->readiness, impl->notifier);
  impl->LogStart();
  impl->notifier.Send("READY=1\nSTATUS=serving");
  return std::unique_ptr<Service>(new Service(std::move(impl)));
}

Service::~Service() {
  Shutdown();
  // A worker that did not come back in time may still answer, and its answer needs the connection's
  // loop: so the workers end between the server's stop and its destruction.
  impl_->watchdog.reset();
  impl_->server->Stop();
  // The workers have come back, or are never to: then the service is not destroyed.
  impl_->pool->StopWithin(base::kForever);
  impl_->consumer.reset();
  impl_->pool.reset();
}

std::uint16_t Service::port() const { return impl_->server->port(); }

Result<void> Service::Reload(const config::Config& config) {
  Impl& impl = *impl_;
  impl.notifier.Reloading();
  std::vector<std::string> waiting;
  const config::Config merged = Reloaded(impl.generation->config, config, waiting);
  auto made = impl.Make(merged);
  Result<void> done;
  if (!made) {
    done = std::unexpected(made.error());
  } else {
    done = impl.server->Reload(SiteOf(*made));
  }
  impl.EndReload(done.has_value());
  if (!done) return done;
  impl.generation = std::move(*made);
  impl.log->SetLevel(LevelOf(merged.telemetry.log_level));
  impl.debug = false;
  const std::string restart = Joined(waiting);
  impl.log->Info("reloaded", {{"waiting_for_restart", std::string_view(restart)}});
  return done;
}

void Service::Impl::EndReload(bool successful) {
  metrics.ConfigReloaded(successful);
  notifier.Send(successful ? "READY=1\nSTATUS=serving"
                           : "READY=1\nSTATUS=serving; the last reload failed, the log says why");
}

void Service::ReloadRefused() {
  impl_->notifier.Reloading();
  impl_->EndReload(false);
}

void Service::ToggleDebug() {
  Impl& impl = *impl_;
  const std::string& configured = impl.generation->config.telemetry.log_level;
  impl.debug = !impl.debug;
  if (impl.debug) impl.log->SetLevel(base::LogLevel::kDebug);
  impl.log->Info("log level changed by SIGUSR1",
                 {{"log_level", impl.debug ? std::string_view("debug") : configured}});
  if (!impl.debug) impl.log->SetLevel(LevelOf(configured));
}

void Service::Impl::ApplyDrainDelay(const base::Deadline& force) {
  const base::Deadline served(clock, generation->config.service.drain_delay);
  const base::Deadline over = base::Deadline::Earlier(served, force);
  while (!over.Expired()) std::this_thread::sleep_until(over.At());
  readiness.BeginRefusing();
  server->BeginDrain();
}

// What is cut off has half of the rest to come back and be settled.
std::uint64_t Service::Impl::StopConsumer(const base::Deadline& force, const base::Deadline& end) {
  if (!consumer) return 0;
  consumer->Stop(force);
  return consumer->Drain(force, std::chrono::floor<milliseconds>((end.At() - force.At()) / 2));
}

// What is left when time is up.
int Service::Impl::AwaitRequests(const base::Deadline& force) {
  const int left = server->AwaitRequests(force);
  if (left > 0) {
    log->Error("shutdown: time is up, cutting off what is in work",
               {{"requests", std::int64_t{left}}});
    server->Stop();
  }
  return left;
}

void Service::Impl::CloseSessions(const base::Deadline& end) {
  server->StopAccepting();
  server->AwaitSockets(end);
  server->Stop();
}

// A collector that does not answer holds up the stop for no longer than this.
void Service::Impl::FlushSpans(const base::Deadline& end) const {
  constexpr milliseconds kLongest{2'000};
  if (!exporter) return;
  exporter->Flush(base::Deadline::Earlier(end, base::Deadline(base::SystemClock(), kLongest)));
  const telemetry::SpanCounts counts = exporter->counts();
  const std::uint64_t lost = counts.no_room + counts.rejected + counts.undelivered + counts.waiting;
  if (lost == 0) return;
  log->Warning("shutdown: spans are lost, the collector did not take them",
               {{"spans_lost", static_cast<std::int64_t>(lost)},
                {"spans_sent", static_cast<std::int64_t>(counts.exported)}});
}

// Refusals end in silence, so it is looked for whether there still are some.
void Service::Impl::TellOfCameraPlaces() {
  if (!cameras.Crowded()) return conditions.Clear(telemetry::condition::kCameraPlaces);
  conditions.Raise(telemetry::condition::kCameraPlaces, {},
                   "cameras without a place are not looked at for motion: raise "
                   "process.motion.max_cameras, and name those that matter in "
                   "process.motion.cameras");
}

// A network that is late again and again: its frames end with it, whoever sends them.
void Service::Impl::TellOfDetectors() {
  constexpr int kOften = 3;
  constexpr std::string_view kName = telemetry::condition::kDetector;
  for (const auto& shared : detectors->all()) {
    const detect::Detector& detector = *shared->detector;
    const std::string& name = detector.options().name;
    const auto late = detector.run_times().late();
    if (late.runs == 0) conditions.Clear(kName, name);
    if (late.runs < kOften) continue;
    conditions.Raise(kName, name, detect::TooSlow(detector, late, config.process.deadline));
  }
}

bool Service::LookAfterWorkers() {
  Impl& impl = *impl_;
  impl.TellOfCameraPlaces();
  impl.TellOfDetectors();
  const milliseconds limit = impl.LostAfter();
  const int stuck = impl.pool->Stuck(limit);
  const int lost = std::min(stuck, std::exchange(impl.stuck_workers, stuck));
  const int before = std::exchange(impl.lost_workers, lost);
  if (lost == 0 && before == 0) return false;
  impl.pool->PassOverStuck(limit);
  if (impl.consumer) impl.consumer->GiveUpStuck(limit);
  const bool ending = lost > 0 && impl.config.service.exit_when_stuck;
  if (lost > before) {
    impl.log->Error(
        ending ? "workers do not come back: ending, to be started anew"
               : "workers do not come back: only a new start brings them back",
        {{"stuck_workers", std::int64_t{lost}}, {"workers", std::int64_t{impl.pool->workers()}}});
  }
  return ending;
}

ShutdownResult Service::Shutdown() {
  if (std::exchange(impl_->shut_down, true)) return ShutdownResult::kClean;
  Impl& impl = *impl_;
  const milliseconds timeout = impl.generation->config.service.shutdown_timeout;
  const base::Deadline end(impl.clock, timeout);
  const base::Deadline force(impl.clock, TimeForWork(timeout));
  const base::Deadline last(impl.clock, TimeForResults(timeout));
  impl.notifier.Send("STOPPING=1\nSTATUS=stopping");
  ShutdownPhases phases(impl.clock, *impl.log, impl.notifier);

  phases.Begin("not ready, refusing new work");
  impl.readiness.BeginDrain();
  impl.ApplyDrainDelay(force);

  phases.Begin("stop the consumer");
  const std::uint64_t given_up = impl.StopConsumer(force, end);

  phases.Begin("wait for requests in work");
  const int left = impl.AwaitRequests(force);

  phases.Begin("release the processors");
  // What came before may have taken all the time, and workers that do nothing come back at once.
  constexpr milliseconds kLeast{250};
  const auto rest = std::chrono::ceil<milliseconds>(end.At() - impl.clock.Now());
  if (!impl.pool->StopWithin(std::max(rest, kLeast), impl.LostAfter())) {
    impl.log->Error("shutdown: a worker does not come back");
    if (impl.consumer) impl.consumer->Finish(last);
    return ShutdownResult::kStuck;
  }

  phases.Begin("deliver results, close sessions");
  const std::uint64_t lost = impl.consumer ? impl.consumer->Finish(last) : 0;
  impl.CloseSessions(end);
  phases.End();
  impl.FlushSpans(end);
  impl.watchdog.reset();
  const bool clean = left == 0 && given_up == 0 && lost == 0;
  impl.log->Info("shutdown: done", {{"clean", clean},
                                    {"requests_cut_off", std::int64_t{left}},
                                    {"frames_given_up", static_cast<std::int64_t>(given_up)},
                                    {"results_lost", static_cast<std::int64_t>(lost)},
                                    {"took_ms", phases.TookMs()}});
  return clean ? ShutdownResult::kClean : ShutdownResult::kCutOff;
}

}  // namespace sampleproc::service

#include "service/service.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "config/event_rules.h"
#include "http/chain.h"
#include "http/console.h"
#include "service/chain.h"
#include "service/routes.h"
#include "service/service_impl.h"

namespace sampleproc::service {
namespace {

using base::Result;
using std::chrono::milliseconds;

}  // namespace

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ',';
    text += word;
  }
  return text;
}

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
          {{*pool, tracker, clock, metrics.frames, *log, ids, own.frame, own.process.simulate_gpu,
            made->parts.limiter, &roster,
            sinks->set().TakesResults(true) ? &deliver_result : nullptr},
           {facts,
            metrics.frames,
            clock,
            own.service.name,
            own.service.version,
            {own.consumer.enabled, own.consumer.off_although_named, own.process.prefer_gpu}},
           {facts, metrics.registry, metrics.frames, tracker, clock},
           {roster, directory, stills,
            [this] { return live ? live->gauges() : std::vector<cameras::CameraGauges>(); }},
           {*journal, config::AnyTracks(own)},
           {snapshots.get(), budget, own.codec},
           {clips.get(), budget, clock}},
          {.metrics = own.telemetry.metrics,
           .console = http::ServesConsole(own.http, handed_sockets)})),
      MakeChain(own, made->parts, {budget, metrics.http, clock, *log, tracer.get()},
                [this] { return readiness.refusing(); })});
  return made;
}

// The default pipeline goes without models.
void Service::Impl::TellOfModels() {
  if (!detectors->all().empty() || config.process.pipeline != process::Options().pipeline) return;
  constexpr const char* kNetwork = "yolox_nano.onnx";
  std::error_code failed;
  const std::filesystem::path folder = config.process.models.model_dir;
  const bool is_there = std::filesystem::exists(folder / kNetwork, failed);
  log->Info(is_there
                ? "people are looked for without a network, and a model is there that finds "
                  "more of them: put \"objects\" in place of \"people\" in process.pipeline, and "
                  "set detector.objects.model to yolox_nano.onnx"
                : "people are looked for without a network, which finds fewer of them: "
                  "packaging/fetch-models.sh brings models, and process.model_dir says where "
                  "they are",
            {{"model_dir", std::string_view(config.process.models.model_dir)}});
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
             {"cameras", static_cast<std::int64_t>(directory.size())},
             {"workers", std::int64_t{pool->workers()}},
             {"queue_depth", std::int64_t{config.process.queue_depth}},
             {"memory_limit", static_cast<std::int64_t>(budget.capacity())},
             {"max_request_bytes", static_cast<std::int64_t>(http.max_request_bytes)}});
  TellOfModels();
  for (const auto& detector : detectors->all()) {
    if (const std::string slow = detect::FirstRunTooSlow(*detector, config.process.deadline);
        !slow.empty()) {
      log->Warning(slow);
    }
    const std::string network = detector->Describe();
    log->Info("detector", {{"name", std::string_view(detector->options().name)},
                           {"network", std::string_view(network)}});
    if (const std::string why = detect::FellBack(*detector, config.process.models); !why.empty()) {
      log->Warning(why);
    }
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

  auto sinks = ConsumerSinks::Open(
      {own, clock, impl->budget, impl->ids, impl->conditions, *impl->log, impl->tracer.get()});
  if (!sinks) return std::unexpected(sinks.error());
  impl->sinks = std::move(*sinks);
  // Before the history, which tells what a crash left open as soon as it has been read.
  if (auto opened = impl->OpenMqtt(); !opened) return std::unexpected(opened.error());
  if (auto opened = impl->OpenJournal(); !opened) return std::unexpected(opened.error());
  if (auto opened = impl->OpenSnapshots(); !opened) return std::unexpected(opened.error());
  if (auto opened = impl->OpenClips(); !opened) return std::unexpected(opened.error());
  auto detectors = process::Detectors::Open(own.process, impl->directory.pipelines(), impl->budget);
  if (!detectors) return std::unexpected(detectors.error());
  impl->detectors = std::move(*detectors);
  auto pool = process::WorkerPool::Start(
      WorkerCount(own.process, machine), own.process.queue_depth,
      process::ProcessorContext{own.process, own.codec, impl->budget, clock, impl->cameras,
                                &impl->heavy, &impl->drain, impl->detectors, &impl->directory, true,
                                false, &impl->take_events, &impl->stills, &impl->ids,
                                &impl->metrics.frames, impl->snapshots.get(), impl->clips.get()},
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
  const ConsumerContext pulling{
      own,
      *impl->pool,
      {impl->tracker, clock, impl->metrics.frames, &impl->roster, cameras::Roster::kConsumer},
      impl->metrics.consumer,
      impl->budget,
      impl->ids,
      impl->conditions,
      *impl->log,
      *impl->sinks,
      impl->tracer.get(),
      &impl->directory};
  auto consumer = ConsumerParts::Start(pulling);
  if (!consumer) return std::unexpected(consumer.error());
  impl->consumer = std::move(*consumer);
  impl->live = std::make_unique<LiveCameras>(pulling, impl->directory, impl->clips.get());
  if (impl->publisher) impl->publisher->Start();
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
  impl_->live.reset();
  impl_->consumer.reset();
  impl_->pool.reset();
}

std::uint16_t Service::port() const { return impl_->server->port(); }

milliseconds Service::shutdown_timeout() const {
  return impl_->generation->config.service.shutdown_timeout;
}

// Refusals end in silence, so it is looked for whether there still are some.
void Service::Impl::TellOfCameraPlaces() {
  refusals.Look(cameras.counts().refused_cameras, clock.Now());
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
  for (const auto& detector : detectors->all()) {
    const std::string& name = detector->options().name;
    const auto late = detector->run_times().late();
    if (late.runs == 0) conditions.Clear(kName, name);
    if (late.runs < kOften) continue;
    conditions.Raise(kName, name, detect::TooSlow(*detector, late, config.process.deadline));
  }
}

bool Service::LookAfterWorkers() {
  Impl& impl = *impl_;
  impl.TellOfCameraPlaces();
  impl.TellOfDetectors();
  impl.log_watch.Look();
  impl.conditions.Sweep();
  if (impl.live) impl.camera_rates.Take(impl.live->gauges());
  impl.journal->LookAfter();
  impl.cameras.TellIdle();
  impl.stills.LookAfter();
  if (impl.snapshots) impl.snapshots->LookAfter();
  if (impl.clips) impl.clips->LookAfter();
  if (impl.publisher) impl.publisher->LookAfter();
  if (impl.statistics.Due()) impl.statistics.Tell(impl.StatisticsFacts());
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

}  // namespace sampleproc::service

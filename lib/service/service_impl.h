// What a service is made of; included by the files that implement it only.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "api/process_context.h"
#include "api/service_facts.h"
#include "cameras/directory.h"
#include "cameras/roster.h"
#include "cameras/stills.h"
#include "config/config.h"
#include "frame/event.h"
#include "history/clips.h"
#include "history/journal.h"
#include "history/snapshots.h"
#include "http/server.h"
#include "mqtt/publisher.h"
#include "process/camera_states.h"
#include "process/detectors.h"
#include "process/frame_tracker.h"
#include "process/processor.h"
#include "process/worker_pool.h"
#include "resources/cpu_limits.h"
#include "resources/drain_estimate.h"
#include "resources/heavy_lane.h"
#include "resources/memory_budget.h"
#include "service/camera_rates.h"
#include "service/consumer_parts.h"
#include "service/consumer_sinks.h"
#include "service/generation.h"
#include "service/live_cameras.h"
#include "service/metrics.h"
#include "service/notifier.h"
#include "service/readiness.h"
#include "service/service.h"
#include "service/shutdown_phases.h"
#include "service/sizing.h"
#include "service/statistics.h"
#include "service/watchdog.h"
#include "telemetry/conditions.h"
#include "telemetry/episode.h"
#include "telemetry/first_few.h"
#include "telemetry/log_watch.h"
#include "telemetry/otlp_exporter.h"
#include "telemetry/tracer.h"

namespace sampleproc::service {

// For the log.
std::string Joined(const std::vector<std::string>& words);

// Members in the order in which they are needed: each may use those above it, and they go in the
// reverse order.
class Service::Impl {
 public:
  // Frames on their way at once that are followed one by one; the queue and the workers hold far
  // fewer.
  static constexpr std::size_t kMaxTrackedFrames = 10'000;

  Impl(const config::Config& given, const base::Clock& given_clock,
       std::shared_ptr<base::Logger> given_log, const Surroundings& surroundings,
       const resources::MachineLimits& machine)
      : config(given),
        clock(given_clock),
        log(std::move(given_log)),
        notifier(surroundings.notify_socket),
        drain(WorkerCount(config.process, machine)),
        budget(resources::MemoryCapacity(config.resources, machine), &drain),
        tracker(kMaxTrackedFrames, *log),
        cameras({.max_cameras = config.process.motion.max_cameras,
                 .reserved = config.process.motion.cameras,
                 .is_configured = [this](const auto& id) { return directory.Has(id); },
                 .idle = config.process.motion.camera_idle,
                 .on_left = [this](const auto& events) { TakeEvents(events); }},
                budget, clock,
                [this](std::string_view camera_id, std::string_view reason) {
                  // Thousands are told by their count (refusals), the first ones by name.
                  const auto level = few_refusals.Next(clock.Now()) ? base::LogLevel::kWarning
                                                                    : base::LogLevel::kDebug;
                  if (!log->Enabled(level)) return;
                  log->Write(level, "no motion for this camera: no room for its background",
                             {{"camera", camera_id}, {"reason", reason}});
                }),
        directory(DefaultsOf(config), config.cameras),
        roster({.max_cameras = config.process.motion.max_cameras,
                .idle = config.process.motion.camera_idle},
               directory, clock),
        stills(budget, clock),
        handed_sockets(!surroundings.sockets.empty()),
        metrics(
            clock, config.service.version,
            [this](const std::string& id) { return directory.Has(id); }, Sources()),
        conditions(clock, *log),
        statistics(config.telemetry.statistics_interval, clock, *log) {
    if (!config.telemetry.tracing || telemetry::TargetOf(config.telemetry).url.empty()) return;
    exporter = std::make_unique<telemetry::OtlpExporter>(
        config.telemetry, telemetry::OtlpExporter::Context{clock, ids, *log, config.service.name,
                                                           config.service.version});
    tracer = std::make_unique<telemetry::Tracer>(config.telemetry, clock, ids, *exporter);
  }

  // How cameras are looked at that have no section.
  static frame::CameraSettings DefaultsOf(const config::Config& config) {
    frame::CameraSettings defaults = process::DefaultSettings(config.process);
    defaults.max_age = config.consumer.max_age;
    return defaults;
  }

  process::Load LoadNow(const Readiness::Facts& ready) const;
  api::ServiceFacts Facts() const;
  Statistics::Facts StatisticsFacts() const;
  // Where the metrics read what the parts below count.
  MetricSources Sources();

  base::Result<std::shared_ptr<const Generation>> Make(const config::Config& from);
  void LogStart();
  void TellOfModels();
  void EndReload(bool successful);
  base::Result<void> CheckNewDetectors(const cameras::AllOptions& wanted,
                                       const config::Config& given) const;
  base::Result<void> PrepareCameras(const cameras::AllOptions& wanted);
  // A worker that is late but within process.deadline keeps the service from being ready; nobody
  // gives it up.
  std::chrono::milliseconds LostAfter() const {
    return std::max(config.service.stuck_after, config.process.deadline);
  }
  base::Result<void> OpenJournal();
  base::Result<void> OpenSnapshots();
  base::Result<void> OpenClips();
  base::Result<void> OpenMqtt();
  static std::vector<mqtt::KnownCamera> KnownCameras(const config::Config& from);
  void PublishPicture(const frame::Snapshot& snapshot,
                      const history::SnapshotPicturePtr& picture) const noexcept;
  // Brings events on their ways; in any thread.
  void TakeEvents(std::span<const frame::Event> events) noexcept;
  void TellSinks(std::span<const frame::Event> events) noexcept;
  history::JournalContext::HasArrived ArrivalAtSinks() const;
  history::LeftFiles::Find FindUnknown() const;
  // No more frames come: what is open ends, the history is closed and the MQTT broker left. Returns
  // what did not get there.
  struct LostEvents {
    std::uint64_t messages = 0;
    std::uint64_t pictures = 0;
    std::uint64_t clips = 0;
    std::uint64_t unpublished = 0;  // messages that the MQTT broker has not got
  };
  LostEvents EndEvents(const base::Deadline& end);
  void TellOfCameraPlaces();
  void TellOfDetectors();
  void ApplyDrainDelay(const base::Deadline& force);
  std::uint64_t StopConsumer(const base::Deadline& force, const base::Deadline& end);
  std::uint64_t DeliverResults(const base::Deadline& end);
  int AwaitRequests(const base::Deadline& force);
  Afterwards AfterWork() const;
  void CloseSessions(const base::Deadline& end);
  void FlushSpans(const base::Deadline& end) const;
  bool AwaitDisks(const base::Deadline& end);

  const config::Config config;  // of the start
  const base::Clock& clock;
  const std::shared_ptr<base::Logger> log;
  const Notifier notifier;
  resources::DrainEstimate drain;
  resources::MemoryBudget budget;
  resources::HeavyLane heavy{process::WorkerPool::kSpareWorkers};
  process::FrameTracker tracker;
  telemetry::FirstFew few_refusals;  // under the lock of `cameras`
  telemetry::Episode refusals{"cameras get no motion: no room for their backgrounds", "no_place",
                              *log, base::LogLevel::kWarning};
  process::CameraStates cameras;
  cameras::Directory directory;
  cameras::Roster roster;
  cameras::Stills stills;
  const bool handed_sockets;  // that listen where http.host does not say
  Readiness readiness;
  Metrics metrics;
  telemetry::Conditions conditions;
  CameraRates camera_rates{clock, conditions};
  telemetry::LogWatch log_watch{clock, conditions, *log};
  Statistics statistics;
  base::IdSource ids{RandomSeed()};
  std::unique_ptr<telemetry::OtlpExporter> exporter;  // nullptr: nothing is traced
  std::unique_ptr<telemetry::Tracer> tracer;          // likewise
  bool shut_down = false;
  bool toggled = false;   // debug lines are on or off against what is configured
  int stuck_workers = 0;  // as the last look found them
  int lost_workers = 0;   // as the last two looks found them

  std::unique_ptr<ConsumerSinks> sinks;           // nullptr: not started yet
  std::unique_ptr<mqtt::Publisher> publisher;     // nullptr: there is no MQTT broker
  std::unique_ptr<history::Journal> journal;      // nullptr: not started yet
  std::unique_ptr<history::Snapshots> snapshots;  // nullptr: none are kept
  std::unique_ptr<history::Clips> clips;          // likewise
  const api::DeliverResult deliver_result = [this](const frame::FrameResult& result,
                                                   const std::optional<std::string>& timestamp,
                                                   const std::optional<base::TraceContext>& trace) {
    sinks->Take(ConsumerSinks::Door::kHttp, result, timestamp, trace);
  };
  const process::TakeEvents take_events = [this](auto events) { TakeEvents(events); };
  std::shared_ptr<process::Detectors> detectors;
  std::unique_ptr<process::WorkerPool> pool;
  std::unique_ptr<ConsumerParts> consumer;  // nullptr: no frames are pulled
  std::unique_ptr<LiveCameras> live;        // nullptr: not started yet
  std::shared_ptr<const Generation> generation;
  std::unique_ptr<http::Server> server;
  std::optional<Watchdog> watchdog;
};

}  // namespace sampleproc::service

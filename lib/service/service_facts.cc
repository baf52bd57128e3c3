// What is read of the service when somebody asks: for health, the statistics and the metrics.
#include <cstddef>
#include <functional>
#include <optional>

#include "service/service_impl.h"

namespace sampleproc::service {

process::Load Service::Impl::LoadNow(const Readiness::Facts& ready) const {
  const process::WorkerPool::Counts counts = pool->counts();
  return {.queued_frames = counts.queued,
          .queue_depth = static_cast<std::size_t>(config.process.queue_depth),
          .active_frames = counts.active,
          .workers = ready.workers,
          .stuck_workers = ready.stuck_workers};
}

api::ServiceFacts Service::Impl::Facts() const {
  const Readiness::Facts ready = readiness.Ask();
  api::ServiceFacts facts{.starting = ready.starting,
                          .draining = ready.draining,
                          .load = LoadNow(ready),
                          .budget_used_bytes = budget.used(),
                          .budget_bytes = budget.capacity(),
                          .conditions = conditions.List(),
                          .detectors = detectors->all()};
  if (consumer) {
    const consumer::Readings now = consumer->readings();
    facts.consumer = api::ConsumerFacts{
        .running = now.running,
        .connected = now.connected,
        .held_frames = now.held_frames,
        .oldest_frame_age_seconds = now.oldest_frame_age_seconds,
        .last_frame_age_seconds = now.had_frame ? std::optional(now.silent_seconds) : std::nullopt};
  }
  for (const consumer::SinkReading& sink : sinks->readings()) {
    if (sink.counts.failing) facts.failing_sinks.push_back(sink.name);
  }
  if (live) facts.cameras = live->gauges();
  return facts;
}

Statistics::Facts Service::Impl::StatisticsFacts() const {
  return {.frames = metrics.frames.totals(),
          .service = Facts(),
          .sinks = sinks->readings(),
          .connections = server ? server->connections() : 0,
          .log_lines_lost = log->lost_lines()};
}

MetricSources Service::Impl::Sources() {
  return {
      .server = [this] { return server.get(); },
      .process = {.load = [this] { return std::optional(LoadNow(readiness.Ask())); },
                  .tracker = [this] { return &tracker; },
                  .cameras = [this] { return &cameras; }},
      .budget = [this] { return &budget; },
      .cameras = [this] { return live ? live->gauges() : std::vector<cameras::CameraGauges>(); },
      .consumer = {.consumer =
                       [this] {
                         return consumer ? std::optional(consumer->readings()) : std::nullopt;
                       },
                   .sinks = [this] { return sinks->readings(); }},
      .clients = [this] { return consumer ? consumer->clients() : std::vector<ClientReading>(); },
      .history = {.journal = [this] { return journal.get(); },
                  .snapshots = [this] { return snapshots.get(); },
                  .clips = [this] { return clips.get(); }},
      .publisher = [this] { return publisher.get(); },
      .telemetry = {.log = [this] { return log.get(); },
                    .exporter = [this] { return exporter.get(); },
                    .conditions = [this] { return &conditions; }}};
}

}  // namespace sampleproc::service

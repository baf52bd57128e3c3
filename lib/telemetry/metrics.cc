#include "telemetry/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <exception>
#include <iterator>
#include <sstream>
#include <tuple>

#include "base/mutex.h"
#include "telemetry/camera_metrics.h"
#include "telemetry/event_metrics.h"
#include "telemetry/frame_history.h"
#include "telemetry/metric_families.h"
#include "telemetry/process_stats.h"

namespace sampleproc::telemetry {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::MetricFamily;
using prometheus::MetricType;

// Of http.server.request.duration in OpenTelemetry's semantic conventions.
const prometheus::Histogram::BucketBoundaries kRequestBuckets = {
    .005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10};
const prometheus::Histogram::BucketBoundaries kStageBuckets = {
    .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};

double Seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

void AddConditions(const Gauges& gauges, std::vector<MetricFamily>& families) {
  MetricFamily family{"sampleproc_condition",
                      "Of how many things this is wrong at the moment (/health says of which).",
                      MetricType::Gauge,
                      {}};
  for (const auto& [name, count] : gauges.condition_counts) {
    prometheus::ClientMetric metric;
    metric.label.push_back({"condition", std::string(name)});
    metric.gauge.value = static_cast<double>(count);
    family.metric.push_back(std::move(metric));
  }
  families.push_back(std::move(family));
}

void AddGauges(const Gauges& gauges, std::vector<MetricFamily>& families) {
  const auto add = [&](const char* name, const char* help, auto value) {
    families.push_back(One(name, help, MetricType::Gauge, static_cast<double>(value)));
  };
  add("sampleproc_queue_frames", "Frames waiting for a worker.", gauges.queued_frames);
  add("sampleproc_queue_limit_frames", "Frames that may wait (process.queue_depth).",
      gauges.queue_depth);
  add("sampleproc_active_frames", "Frames in work.", gauges.active_frames);
  add("sampleproc_workers", "Threads that work on frames.", gauges.workers);
  add("sampleproc_stuck_workers", "Workers at one frame beyond service.stuck_after.",
      gauges.stuck_workers);
  add("sampleproc_memory_budget_used_bytes", "Reserved for bodies, pixels and scratch.",
      gauges.budget_used_bytes);
  add("sampleproc_memory_budget_limit_bytes", "What may be reserved together.",
      gauges.budget_bytes);
  add("sampleproc_watched_cameras", "Cameras whose background is kept to see motion.",
      gauges.watched_cameras);
  add("sampleproc_http_connections", "Open connections of clients.", gauges.connections);
  if (gauges.certificate_end) {
    add("sampleproc_tls_certificate_expiry_timestamp_seconds",
        "Until when the certificate (http.tls_cert) is valid, in seconds since 1970.",
        Seconds(gauges.certificate_end->time_since_epoch()));
  }
  if (gauges.consumer) {
    add("sampleproc_consumer_connected", "Whether the last pull of frames succeeded.",
        gauges.consumer->connected);
    add("sampleproc_consumer_held_frames", "Pulled frames that are not settled yet.",
        gauges.consumer->held_frames);
    add("sampleproc_consumer_oldest_frame_age_seconds",
        "Age of the oldest pulled frame that waits, by its timestamp.",
        gauges.consumer->oldest_frame_age_seconds);
    if (gauges.consumer->last_frame_age_seconds) {
      add("sampleproc_consumer_last_frame_age_seconds", "Since the upstream last had a frame.",
          *gauges.consumer->last_frame_age_seconds);
    }
    if (gauges.consumer->buffer_errors) {
      families.push_back(One("sampleproc_frame_buffer_errors_total",
                             "Answers of 500 from the frame buffer, each of which loses the frames "
                             "that it would have handed out.",
                             MetricType::Counter,
                             static_cast<double>(*gauges.consumer->buffer_errors)));
    }
    if (gauges.consumer->dead_letters) AddDeadLetters(*gauges.consumer->dead_letters, families);
    AddClients(gauges.consumer->clients, families);
    if (gauges.consumer->spool_bytes) {
      add("sampleproc_spool_bytes", "Pulled frames on disk until they are done.",
          *gauges.consumer->spool_bytes);
      add("sampleproc_spool_limit_bytes",
          "What the spool may take (consumer.http.spool_max_bytes).",
          gauges.consumer->spool_limit_bytes);
      families.push_back(One("sampleproc_spool_failures_total",
                             "Pulls that could not be written down.", MetricType::Counter,
                             static_cast<double>(gauges.consumer->spool_failures)));
    }
  }
  AddSinks(gauges.sinks, families);
  AddCameras(gauges.cameras, families);
  AddEvents(gauges, families);
  const auto count = [&](const char* name, const char* help, auto value) {
    families.push_back(One(name, help, MetricType::Counter, static_cast<double>(value)));
  };
  count("sampleproc_untracked_frames_total",
        "Frames that were worked on without a place in the registry.", gauges.untracked_frames);
  count("sampleproc_refused_cameras_total",
        "Cameras without room for a background, for process.motion.max_cameras or memory; counted "
        "up to 1024.",
        gauges.refused_cameras);
  count("sampleproc_refused_camera_frames_total",
        "Frames in which no motion was looked for because their camera was refused.",
        gauges.refused_camera_frames);
  count("sampleproc_http_refused_connections_total",
        "Connections over http.max_connections or http.max_connections_per_client.",
        gauges.refused_connections);
  count("sampleproc_http_accept_failures_total",
        "Times that no connection could be taken, for want of descriptors or kernel memory.",
        gauges.accept_failures);
  count("sampleproc_log_lines_lost_total",
        "Lines of the log that could not be written: a full disk, a reader that does not read.",
        gauges.lost_log_lines);
}

void AddSpans(const SpanCounts& counts, std::vector<MetricFamily>& families) {
  families.push_back(One("sampleproc_spans_exported_total", "Spans that the collector has taken.",
                         MetricType::Counter, static_cast<double>(counts.exported)));
  families.push_back(One("sampleproc_spans_waiting", "Spans that wait to be sent.",
                         MetricType::Gauge, static_cast<double>(counts.waiting)));
  families.push_back(Counts("sampleproc_spans_dropped_total",
                            "Spans that were never sent, by why: the queue was full (no_room), the "
                            "collector refused them "
                            "(rejected) or was away for too long (undelivered).",
                            "reason",
                            {{"no_room", counts.no_room},
                             {"rejected", counts.rejected},
                             {"undelivered", counts.undelivered}}));
}

void AddProcess(const ProcessStats& stats, std::vector<MetricFamily>& families) {
  const auto add = [&](const char* name, const char* help, MetricType type, auto value) {
    families.push_back(One(name, help, type, static_cast<double>(value)));
  };
  add("process_cpu_seconds_total", "User and system CPU time.", MetricType::Counter,
      stats.cpu_seconds);
  add("process_start_time_seconds", "Start, in seconds since 1970.", MetricType::Gauge,
      stats.start_time_seconds);
  add("process_resident_memory_bytes", "Resident memory.", MetricType::Gauge, stats.resident_bytes);
  add("process_virtual_memory_bytes", "Virtual memory.", MetricType::Gauge, stats.virtual_bytes);
  add("process_open_fds", "Open file descriptors.", MetricType::Gauge, stats.open_fds);
  add("process_max_fds", "File descriptors that may be open.", MetricType::Gauge, stats.max_fds);
  add("process_threads", "Threads.", MetricType::Gauge, stats.threads);
}

}  // namespace

class Metrics::Impl {
 public:
  Impl(const base::Clock& given_clock, std::string version) : clock(given_clock) {
    BuildGauge()
        .Name("sampleproc_build_info")
        .Help("1, with the version as a label.")
        .Register(registry)
        .Add({{"version", std::move(version)}})
        .Set(1);
    reload_successful.Set(1);
    reload_time.Set(WallSeconds());
    completed = &frames.Add({{"outcome", "completed"}});
  }

  double WallSeconds() const {
    return std::chrono::duration<double>(clock.Wall().time_since_epoch()).count();
  }

  const base::Clock& clock;
  prometheus::Registry registry;
  prometheus::Family<prometheus::Histogram>& requests =
      BuildHistogram()
          .Name("http_server_request_duration_seconds")
          .Help("From the end of a request's head to its answer.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& frames = BuildCounter()
                                                        .Name("sampleproc_frames_total")
                                                        .Help("Frames by what became of them.")
                                                        .Register(registry);
  prometheus::Counter& came_too_soon =
      BuildCounter()
          .Name("sampleproc_frames_passed_over_total")
          .Help(
              "Completed frames that no step has looked at: they came too soon for their "
              "camera's fps.")
          .Register(registry)
          .Add({{"reason", std::string(frame::kTooSoon)}});
  prometheus::Family<prometheus::Counter>& cameras =
      BuildCounter()
          .Name("sampleproc_camera_frames_total")
          .Help("Frames with a result, by camera; cameras past the first 64 are _other.")
          .Register(registry);
  prometheus::Family<prometheus::Histogram>& stages =
      BuildHistogram()
          .Name("sampleproc_stage_duration_seconds")
          .Help(
              "Time of frames by stage, that of failed ones included: fetch, queue, turn, lane, "
              "memory, decode, each step, total in work, encode, settle.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& consumer_offered =
      BuildCounter()
          .Name("sampleproc_consumer_frames_offered_total")
          .Help("Frames that were pulled from the upstream.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& consumer_frames =
      BuildCounter()
          .Name("sampleproc_consumer_frames_total")
          .Help("Pulled frames by what became of them, and why.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& consumer_failures =
      BuildCounter()
          .Name("sampleproc_consumer_pull_failures_total")
          .Help("Pulls of frames that failed, by the type of the error.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& settlements_refused =
      BuildCounter()
          .Name("sampleproc_consumer_settlements_refused_total")
          .Help(
              "Results, dead letters and acknowledgements that Redis refused, by its word for it. "
              "Each is tried again.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& events =
      BuildCounter()
          .Name("sampleproc_events_total")
          .Help("Messages of events that the step \"track\" made: new, update, end.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& reloads =
      BuildCounter()
          .Name("sampleproc_config_reloads_total")
          .Help("Readings of the configuration after the start (SIGHUP), by what became of them.")
          .Register(registry);
  prometheus::Gauge& reload_successful =
      BuildGauge()
          .Name("sampleproc_config_last_reload_successful")
          .Help("Whether the last reading of the configuration succeeded.")
          .Register(registry)
          .Add({});
  prometheus::Gauge& reload_time =
      BuildGauge()
          .Name("sampleproc_config_last_reload_success_timestamp_seconds")
          .Help("When the configuration in force was read, in seconds since 1970.")
          .Register(registry)
          .Add({});
  prometheus::Counter* completed = nullptr;

  // Children once made are found again without building their labels.
  using RequestKey = std::tuple<std::string, std::string, int, bool>;
  mutable base::Mutex mutex;
  std::map<RequestKey, prometheus::Histogram*, std::less<>> request_children GUARDED_BY(mutex);
  std::map<std::string, prometheus::Histogram*, std::less<>> stage_children GUARDED_BY(mutex);
  std::map<std::string, prometheus::Counter*, std::less<>> camera_children GUARDED_BY(mutex);
  std::map<std::pair<std::string, std::string>, std::uint64_t> lost GUARDED_BY(mutex);
  FrameHistory history GUARDED_BY(mutex);

  void ObserveStage(std::string_view stage, std::chrono::nanoseconds took) REQUIRES(mutex) {
    auto found = stage_children.find(stage);
    if (found == stage_children.end()) {
      const std::string name(stage);
      found = stage_children.emplace(name, &stages.Add({{"stage", name}}, kStageBuckets)).first;
    }
    found->second->Observe(Seconds(took));
  }

  void CountCamera(std::string_view camera) REQUIRES(mutex) {
    auto found = camera_children.find(camera);
    if (found == camera_children.end()) {
      const std::string name(camera_children.size() < kMaxCameras ? camera : "_other");
      found = camera_children.find(name);
      if (found == camera_children.end()) {
        found = camera_children.emplace(name, &cameras.Add({{"camera", name}})).first;
      }
    }
    found->second->Increment();
  }
};

Metrics::Metrics(const base::Clock& clock, std::string version)
    : impl_(std::make_unique<Impl>(clock, std::move(version))) {}

Metrics::~Metrics() = default;

void Metrics::RequestAnswered(std::string_view method, std::string_view route, int status, bool tls,
                              std::chrono::nanoseconds took) {
  const base::MutexLock lock(impl_->mutex);
  auto& children = impl_->request_children;
  auto child = children.find(std::tuple(method, route, status, tls));
  if (child == children.end()) {
    auto& made = impl_->requests.Add({{"method", method.empty() ? "_OTHER" : std::string(method)},
                                      {"route", std::string(route)},
                                      {"scheme", tls ? "https" : "http"},
                                      {"status", std::to_string(status)}},
                                     kRequestBuckets);
    const Impl::RequestKey key(method, route, status, tls);
    child = children.emplace(key, &made).first;
  }
  child->second->Observe(Seconds(took));
}

void Metrics::FrameWorkedOn(const frame::FrameTimes& times,
                            std::span<const frame::StepReport> steps) noexcept {
  using std::chrono::nanoseconds;
  const std::pair<std::string_view, nanoseconds> parts[] = {{"turn", times.turn},
                                                            {"lane", times.lane},
                                                            {"memory", times.memory},
                                                            {"decode", times.decode}};
  try {
    const base::MutexLock lock(impl_->mutex);
    for (const auto& [stage, took] : parts) {
      if (took > nanoseconds(0)) impl_->ObserveStage(stage, took);
    }
    for (const frame::StepReport& step : steps) {
      if (step.skipped.empty()) impl_->ObserveStage(step.name, step.took);
    }
    impl_->ObserveStage("total", times.total);
  } catch (const std::exception&) {  // no memory
  }
}

void Metrics::StageEnded(std::string_view stage, std::chrono::nanoseconds took) noexcept {
  try {
    const base::MutexLock lock(impl_->mutex);
    impl_->ObserveStage(stage, took);
  } catch (const std::exception&) {  // no memory
  }
}

void Metrics::FrameCompleted(const frame::FrameResult& result) {
  impl_->completed->Increment();
  if (frame::CameTooSoon(result)) impl_->came_too_soon.Increment();
  const base::MutexLock lock(impl_->mutex);
  impl_->history.Completed(result.times.total);
  if (result.camera_id) impl_->CountCamera(*result.camera_id);
}

void Metrics::FrameFailed(const base::Error& error) {
  impl_->frames.Add({{"outcome", std::string(base::ErrorCodeName(error.code))}}).Increment();
  const base::MutexLock lock(impl_->mutex);
  impl_->history.Failed(error.code, impl_->clock.Now());
}

void Metrics::ConsumerFramesOffered(std::size_t frames) {
  impl_->consumer_offered.Add({}).Increment(static_cast<double>(frames));
}

void Metrics::ConsumerFrameSettled(std::string_view outcome, std::string_view reason) {
  impl_->consumer_frames.Add({{"outcome", std::string(outcome)}, {"reason", std::string(reason)}})
      .Increment();
  if (outcome != "dropped" && outcome != "dead") return;
  const base::MutexLock lock(impl_->mutex);
  ++impl_->lost[{std::string(outcome), std::string(reason)}];
}

std::map<std::pair<std::string, std::string>, std::uint64_t> Metrics::lost() const {
  const base::MutexLock lock(impl_->mutex);
  return impl_->lost;
}

void Metrics::ConsumerPullFailed(const base::Error& error) {
  impl_->consumer_failures.Add({{"type", std::string(base::ErrorCodeName(error.code))}})
      .Increment();
}

void Metrics::SettlementRefused(std::string_view reason) {
  impl_->settlements_refused.Add({{"reason", std::string(reason)}}).Increment();
}

void Metrics::EventTold(std::string_view type) {
  impl_->events.Add({{"type", std::string(type)}}).Increment();
}

void Metrics::ConfigReloaded(bool successful) {
  impl_->reloads.Add({{"outcome", successful ? "applied" : "refused"}}).Increment();
  impl_->reload_successful.Set(successful ? 1 : 0);
  if (successful) impl_->reload_time.Set(impl_->WallSeconds());
}

FrameTotals Metrics::totals() const {
  const base::MutexLock lock(impl_->mutex);
  return impl_->history.Totals(impl_->clock.Now());
}

std::string Metrics::Text(const Gauges& gauges) const {
  std::vector<MetricFamily> families = impl_->registry.Collect();
  AddGauges(gauges, families);
  AddConditions(gauges, families);
  if (gauges.spans) AddSpans(*gauges.spans, families);
  AddProcess(ReadProcessStats(), families);
  // A stream hides what it had no memory for, and half a text is worse than none.
  std::ostringstream text;
  text.exceptions(std::ios::badbit | std::ios::failbit);
  prometheus::TextSerializer().Serialize(text, families);
  return std::move(text).str();
}

}  // namespace sampleproc::telemetry

#include <chrono>
#include <string>
#include <utility>

#include "telemetry/camera_metrics.h"
#include "telemetry/event_metrics.h"
#include "telemetry/metric_families.h"
#include "telemetry/process_stats.h"

namespace sampleproc::telemetry {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

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
    families.push_back(
        One("sampleproc_tls_handshake_failures_total",
            "TLS handshakes that failed or took longer than http.tls_handshake_timeout.",
            MetricType::Counter, static_cast<double>(gauges.failed_handshakes)));
  }
  if (gauges.consumer) {
    add("sampleproc_consumer_connected", "Whether the last pull of frames succeeded.",
        gauges.consumer->connected);
    add("sampleproc_consumer_held_frames", "Pulled frames that are not settled yet.",
        gauges.consumer->held_frames);
    add("sampleproc_consumer_oldest_frame_age_seconds",
        "Age of the oldest pulled frame that waits, by its timestamp.",
        gauges.consumer->oldest_frame_age_seconds);
    add("sampleproc_consumer_last_frame_age_seconds",
        "Since the upstream last had a frame; until it has one, since the start.",
        gauges.consumer->silent_seconds);
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

void AddReadings(const Gauges& gauges, std::vector<MetricFamily>& families) {
  AddGauges(gauges, families);
  AddConditions(gauges, families);
  if (gauges.spans) AddSpans(*gauges.spans, families);
  AddProcess(ReadProcessStats(), families);
}

}  // namespace sampleproc::telemetry

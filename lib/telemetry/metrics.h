// Every number that the service counts: one function for each event, so that what can be counted
// stands here. Names and labels stand in metrics.cc and, by what is counted, in camera_metrics.cc,
// event_metrics.cc, metric_families.cc and readings.cc; packaging/METRICS.md lists them all.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/trace_context.h"
#include "frame/frame_result.h"
#include "telemetry/camera_gauges.h"
#include "telemetry/conditions.h"

namespace sampleproc::telemetry {

// Of spans, since the start; those that were taken are the sum of all of it.
struct SpanCounts {
  std::uint64_t exported = 0;     // the collector has them
  std::uint64_t no_room = 0;      // came when telemetry.span_queue waited already
  std::uint64_t rejected = 0;     // the collector does not want them
  std::uint64_t undelivered = 0;  // it was away, or answered with errors, for too long
  std::uint64_t waiting = 0;
};

// Of one sink of results, since the start.
struct SinkGauges {
  std::string_view name;
  std::uint64_t held = 0;
  std::uint64_t delivered = 0;
  std::uint64_t lost = 0;
  std::uint64_t put_off = 0;  // made again: their frames are in the spool
  std::uint64_t refused = 0;
  bool failing = false;
};

// Of the history of events, since the start: messages, and the bytes of its files.
struct HistoryGauges {
  std::uint64_t stored = 0;
  std::uint64_t dropped = 0;
  std::uint64_t repeated = 0;
  std::uint64_t set_aside = 0;  // databases
  std::size_t waiting = 0;
  std::uint64_t bytes = 0;
};

// Of the pictures of events, since the start: pictures, and the files that are kept.
struct SnapshotGauges {
  std::uint64_t kept = 0;
  std::uint64_t dropped = 0;
  std::uint64_t deleted = 0;
  std::size_t waiting = 0;
  std::size_t files = 0;
  std::uint64_t bytes = 0;
};

// Of the clips of events, since the start: clips, their pictures, and what is held at the moment.
struct ClipGauges {
  std::uint64_t kept = 0;
  std::uint64_t dropped = 0;
  std::uint64_t deleted = 0;
  std::uint64_t pictures_written = 0;
  std::uint64_t pictures_dropped = 0;
  std::uint64_t pictures_late = 0;
  std::size_t open = 0;
  std::size_t files = 0;
  std::uint64_t bytes = 0;  // of the files
  std::size_t memory = 0;   // of pictures, bytes
};

// Of the MQTT broker, since the start: messages it has acknowledged, and those it never got.
struct MqttGauges {
  bool connected = false;
  std::uint64_t logins = 0;
  std::uint64_t events = 0;
  std::uint64_t states = 0;
  std::uint64_t pictures = 0;
  std::uint64_t dropped_events = 0;
  std::uint64_t dropped_pictures = 0;
  std::uint64_t refused = 0;
  std::uint64_t unlisted = 0;
  std::size_t waiting = 0;
};

// Of the client of one upstream, since the start.
struct ClientGauges {
  std::string_view upstream;
  std::uint64_t requests = 0;
  std::uint64_t opened = 0;
  std::uint64_t reused = 0;
  std::uint64_t waits = 0;
  double waited_seconds = 0;
  std::uint64_t circuits_opened = 0;
  bool circuit_open = false;
};

// Of the dead letters in Redis, when they were counted last.
struct DeadLetterGauges {
  std::uint64_t letters = 0;
  std::optional<std::uint64_t> bytes =
      std::nullopt;  // of Redis' memory; nothing where it does not say
  std::uint64_t limit_bytes = 0;
};

// Of the consumer, where there is one.
struct ConsumerGauges {
  // A frame that has waited longer means that the consumer does not keep up.
  static constexpr std::chrono::seconds kOldFrame{10};

  bool running = false;
  bool connected = false;
  std::size_t held_frames = 0;
  double oldest_frame_age_seconds = 0;           // of those that wait
  std::optional<double> last_frame_age_seconds;  // since the upstream last had a frame
  double silent_seconds = 0;  // the same; before the first frame since the consumer's start
  std::optional<std::uint64_t> spool_bytes = std::nullopt;  // without a spool nothing
  std::uint64_t spool_limit_bytes = 0;
  std::uint64_t spool_failures = 0;
  std::optional<std::uint64_t> buffer_errors = std::nullopt;  // of a frame buffer
  std::optional<DeadLetterGauges> dead_letters = std::nullopt;
  std::vector<ClientGauges> clients = {};
};

// Readings that are taken when somebody looks.
struct Gauges {
  std::size_t queued_frames = 0;
  std::size_t queue_depth = 0;
  std::size_t active_frames = 0;
  int workers = 0;
  int stuck_workers = 0;
  std::size_t budget_used_bytes = 0;
  std::size_t budget_bytes = 0;
  std::size_t untracked_frames = 0;
  std::size_t watched_cameras = 0;
  std::size_t refused_cameras = 0;
  std::uint64_t refused_camera_frames = 0;
  int connections = 0;
  std::uint64_t refused_connections = 0;
  std::uint64_t accept_failures = 0;
  std::optional<base::WallTime> certificate_end = std::nullopt;  // without TLS nothing
  std::uint64_t failed_handshakes = 0;                           // of TLS
  std::uint64_t lost_log_lines = 0;
  std::optional<SpanCounts> spans = std::nullopt;  // without a collector nothing
  std::optional<ConsumerGauges> consumer = std::nullopt;
  std::vector<CameraGauges> cameras = {};  // whose pictures the service takes itself
  std::vector<SinkGauges> sinks = {};
  std::optional<HistoryGauges> history = std::nullopt;     // where one is kept
  std::optional<SnapshotGauges> snapshots = std::nullopt;  // where some are kept
  std::optional<ClipGauges> clips = std::nullopt;          // likewise
  std::optional<MqttGauges> mqtt = std::nullopt;           // where there is a broker
  std::size_t event_streams = 0;
  std::vector<Condition> conditions = {};                                       // that last
  std::vector<std::pair<std::string_view, std::size_t>> condition_counts = {};  // of every name
};

// What became of frames so far, for the answers of the original service's shape.
struct FrameTotals {
  std::uint64_t processed = 0;
  std::uint64_t failed = 0;
  std::uint64_t failed_last_minute = 0;           // to a second
  std::map<std::string, std::uint64_t> by_error;  // by ErrorCodeName
  // Seconds in work of the last 100 that succeeded; zeros when there is none.
  double average_seconds = 0;
  double least_seconds = 0;
  double most_seconds = 0;
};

// Thread-safe. Labels are bounded: routes and statuses are ours, and of cameras see CameraCounts.
// Counting one request or frame costs a lock that nobody holds for long and a few additions.
class Metrics {
 public:
  using IsConfigured = std::function<bool(const std::string& camera)>;

  // `clock` must outlive it. `is_configured` is called under a lock; without it no camera is.
  Metrics(const base::Clock& clock, std::string version, IsConfigured is_configured = {});
  ~Metrics();

  // `method` and `route` are those of the router's table; "" for what is in no table. `took` from
  // the end of the head to the answer. The trace that the request belongs to is told as an
  // example of those that took so long, if it is sampled.
  void RequestAnswered(std::string_view method, std::string_view route, int status, bool tls,
                       std::chrono::nanoseconds took,
                       const std::optional<base::TraceContext>& trace = std::nullopt);
  // A worker is done with a frame, whatever came of it: what it has spent its time on.
  void FrameWorkedOn(const frame::FrameTimes& times,
                     std::span<const frame::StepReport> steps) noexcept;
  // A frame has left a stage that is no worker's. Without memory it is not counted.
  void StageEnded(std::string_view stage, std::chrono::nanoseconds took) noexcept;
  // `source` is one of cameras::Roster's doors. `camera` is "" where nobody knows it.
  void FrameCompleted(std::string_view source, const frame::FrameResult& result);
  void FrameFailed(std::string_view source, const std::string& camera, const base::Error& error);
  // Other cameras are configured than before.
  void CamerasReconfigured();
  // Frames that the consumer was handed, and what became of each: one of
  // consumer/frame_source.h's endings, and a stable word for why. `sink` could not take a record.
  void ConsumerFramesOffered(std::size_t frames);
  void ConsumerFrameSettled(std::string_view outcome, std::string_view reason);
  void ConsumerPullFailed(const base::Error& error);
  // Redis refused what became of a frame; `reason` is one of net/redis_refusal.h's words.
  void SettlementRefused(std::string_view reason);
  // A message of an event was made; `type` is one of frame::EventTypeName's.
  void EventTold(std::string_view type);
  // A configuration was read anew; without success the old one stays.
  void ConfigReloaded(bool successful);

  FrameTotals totals() const;
  // Frames that the consumer was handed and did not finish, by the outcome ("dropped", "dead")
  // and its reason.
  std::map<std::pair<std::string, std::string>, std::uint64_t> lost() const;

  // The Prometheus text format 0.0.4, gauges and the process's own numbers (proc(5)) included.
  std::string Text(const Gauges& gauges) const;
  // The same in the OpenMetrics text format 1.0, with exemplars of the durations of requests.
  std::string OpenMetrics(const Gauges& gauges) const;

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace sampleproc::telemetry

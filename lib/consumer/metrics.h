// What the consumer counts: pulled frames, dead letters, the spool and sinks.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "consumer/result_sink.h"
#include "telemetry/registry.h"

namespace sampleproc::consumer {

// Of the dead letters in Redis, when they were counted last.
struct DeadLetters {
  std::uint64_t letters = 0;
  std::optional<std::uint64_t> bytes = {};  // of Redis' memory; nothing where it does not say
  std::uint64_t limit_bytes = 0;
};

struct SpoolReadings {
  std::uint64_t bytes = 0;
  std::uint64_t limit_bytes = 0;
  std::uint64_t failures = 0;
};

// How the consumer is, when somebody looks.
struct Readings {
  bool running = false;
  bool connected = false;
  std::uint64_t held_frames = 0;
  double oldest_frame_age_seconds = 0;  // of those that wait
  bool had_frame = false;               // since the consumer's start
  double silent_seconds = 0;            // since the upstream last had one, or since that start
  std::optional<std::uint64_t> buffer_errors = {};  // of a frame buffer
  std::optional<DeadLetters> dead_letters = {};     // of Redis, once they were counted
  std::optional<SpoolReadings> spool = {};          // where there is one
};

struct SinkReading {
  std::string_view name;
  SinkCounts counts;
};

// Asked at each look.
struct MetricSources {
  std::function<std::optional<Readings>()> consumer = {};  // nothing where none pulls
  std::function<std::vector<SinkReading>()> sinks = {};
};

// Thread-safe.
class Metrics {
  telemetry::Section section_;  // first: the rows below are added to it

 public:
  explicit Metrics(telemetry::Registry& registry, MetricSources sources = {});

  const telemetry::Counters<0> offered = section_.AddCounters(
      "sampleproc_consumer_frames_offered_total", "Frames that were pulled from the upstream.");
  // By frame_source.h's endings, and a stable word for why.
  const telemetry::Counters<2> frames =
      section_.AddCounters("sampleproc_consumer_frames_total",
                           "Pulled frames by what became of them, and why.", {"outcome", "reason"});
  // By an error's name.
  const telemetry::Counters<1> pull_failures =
      section_.AddCounters("sampleproc_consumer_pull_failures_total",
                           "Pulls of frames that failed, by the type of the error.", {"type"});
  // By an error's name.
  const telemetry::Counters<1> fetch_retries = section_.AddCounters(
      "sampleproc_consumer_fetch_retries_total",
      "Fetches of pixels that failed and are tried again after a pause, or were cut short for "
      "another host (cancelled), by the type of the error.",
      {"reason"});
  // By one of net/redis_refusal.h's words.
  const telemetry::Counters<1> settlements_refused = section_.AddCounters(
      "sampleproc_consumer_settlements_refused_total",
      "Results, dead letters, acknowledgements and touches of frames in work that Redis refused, "
      "by its word for it. Each is tried again.",
      {"reason"});
};

}  // namespace sampleproc::consumer

#include "consumer/metrics.h"

#include <utility>

namespace sampleproc::consumer {
namespace {

using telemetry::kCounter;
using telemetry::kGauge;
using telemetry::Samples;
using telemetry::Tell;

constexpr telemetry::Reading<Readings> kConsumer[] = {
    {kGauge,
     "sampleproc_consumer_connected",
     "Whether the last pull of frames succeeded.",
     {},
     &Tell<&Readings::connected>},
    {kGauge,
     "sampleproc_consumer_held_frames",
     "Pulled frames that are not settled yet.",
     {},
     &Tell<&Readings::held_frames>},
    {kGauge,
     "sampleproc_consumer_oldest_frame_age_seconds",
     "Age of the oldest pulled frame that waits, by its timestamp.",
     {},
     &Tell<&Readings::oldest_frame_age_seconds>},
    {kGauge,
     "sampleproc_consumer_last_frame_age_seconds",
     "Since the upstream last had a frame; until it has one, since the start.",
     {},
     &Tell<&Readings::silent_seconds>},
    {kGauge,
     "sampleproc_dead_letters",
     "Frames in the dead-letter stream (consumer.redis.dlq_stream).",
     {},
     [](const Readings& readings, Samples& samples) {
       if (readings.dead_letters) samples.Add(readings.dead_letters->letters);
     }},
    {kGauge,
     "sampleproc_dead_letters_bytes",
     "Memory of Redis that dead letters take, as Redis estimates it.",
     {},
     [](const Readings& readings, Samples& samples) {
       if (readings.dead_letters && readings.dead_letters->bytes) {
         samples.Add(*readings.dead_letters->bytes);
       }
     }},
    {kGauge,
     "sampleproc_dead_letters_limit_bytes",
     "Memory of Redis that dead letters may take (consumer.redis.dlq_max_bytes).",
     {},
     [](const Readings& readings, Samples& samples) {
       if (readings.dead_letters) samples.Add(readings.dead_letters->limit_bytes);
     }},
    {kCounter,
     "sampleproc_frame_buffer_errors_total",
     "Answers of 500 from the frame buffer, each of which loses the frames that it would have "
     "handed out.",
     {},
     [](const Readings& readings, Samples& samples) {
       if (readings.buffer_errors) samples.Add(*readings.buffer_errors);
     }},
    {kGauge,
     "sampleproc_spool_bytes",
     "Pulled frames on disk until they are done.",
     {},
     [](const Readings& readings, Samples& samples) {
       if (readings.spool) samples.Add(readings.spool->bytes);
     }},
    {kGauge,
     "sampleproc_spool_limit_bytes",
     "What the spool may take (consumer.http.spool_max_bytes).",
     {},
     [](const Readings& readings, Samples& samples) {
       if (readings.spool) samples.Add(readings.spool->limit_bytes);
     }},
    {kCounter,
     "sampleproc_spool_failures_total",
     "Pulls that could not be written down.",
     {},
     [](const Readings& readings, Samples& samples) {
       if (readings.spool) samples.Add(readings.spool->failures);
     }},
};

constexpr telemetry::Reading<SinkReading> kSinks[] = {
    {kCounter,
     "sampleproc_sink_records_total",
     "Results and events that a sink delivered, had no room for (lost; put_off when the spool has "
     "the frame, which is done again), or that its other side does not want (refused).",
     {"sink", "outcome"},
     [](const SinkReading& sink, Samples& samples) {
       samples.Add(sink.counts.delivered, {sink.name, "delivered"});
       samples.Add(sink.counts.lost - sink.counts.put_off, {sink.name, "lost"});
       samples.Add(sink.counts.put_off, {sink.name, "put_off"});
       samples.Add(sink.counts.refused, {sink.name, "refused"});
     }},
    {kGauge,
     "sampleproc_sink_held_records",
     "Results and events that a sink keeps until they are delivered.",
     {"sink"},
     [](const SinkReading& sink, Samples& samples) {
       samples.Add(sink.counts.held(), {sink.name});
     }},
    {kGauge,
     "sampleproc_sink_failing",
     "Whether a sink delivers nothing at the moment: it fails, hangs or is refused.",
     {"sink"},
     [](const SinkReading& sink, Samples& samples) {
       samples.Add(sink.counts.failing, {sink.name});
     }},
};

}  // namespace

Metrics::Metrics(telemetry::Registry& registry, MetricSources sources)
    : section_(registry, telemetry::Chapter::kConsumer) {
  section_.AddReadings(kConsumer, std::move(sources.consumer));
  telemetry::Section(registry, telemetry::Chapter::kResults)
      .AddReadings(kSinks, std::move(sources.sinks));
}

}  // namespace sampleproc::consumer

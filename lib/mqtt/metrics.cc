#include "mqtt/metrics.h"

#include <utility>

namespace sampleproc::mqtt {
namespace {

using telemetry::kCounter;
using telemetry::kGauge;
using telemetry::Samples;
using telemetry::Tell;
using Counts = PublisherCounts;

constexpr telemetry::Reading<Counts> kBroker[] = {
    {kGauge,
     "sampleproc_mqtt_connected",
     "Whether the MQTT broker has taken the login: 1, else 0.",
     {},
     &Tell<&Counts::connected>},
    {kCounter,
     "sampleproc_mqtt_logins_total",
     "Logins that the MQTT broker has taken.",
     {},
     &Tell<&Counts::logins>},
    {kGauge,
     "sampleproc_mqtt_waiting_messages",
     "Messages of events that the MQTT broker has not acknowledged yet.",
     {},
     &Tell<&Counts::waiting>},
    {kCounter,
     "sampleproc_mqtt_published_total",
     "Messages that the MQTT broker has acknowledged: of events, of states (counts and Home "
     "Assistant's entities), pictures.",
     {"kind"},
     [](const Counts& counts, Samples& samples) {
       samples.Add(counts.events, {"event"});
       samples.Add(counts.states, {"state"});
       samples.Add(counts.pictures, {"picture"});
     }},
    {kCounter,
     "sampleproc_mqtt_dropped_total",
     "What the MQTT broker never got: messages of events and pictures, for want of room while it "
     "was away or slow; pictures also when a connection ended with them on their way; and what "
     "MQTT cannot carry or the broker refuses (refused).",
     {"kind"},
     [](const Counts& counts, Samples& samples) {
       samples.Add(counts.dropped_events, {"event"});
       samples.Add(counts.dropped_pictures, {"picture"});
       samples.Add(counts.refused, {"refused"});
     }},
    {kCounter,
     "sampleproc_mqtt_unlisted_events_total",
     "Messages of events whose camera found no place among those with topics of their own for "
     "counts and pictures.",
     {},
     &Tell<&Counts::unlisted>},
};

}  // namespace

void AddMetrics(telemetry::Registry& registry, std::function<const Publisher*()> publisher) {
  telemetry::Section(registry, telemetry::Chapter::kResults)
      .AddReadings(kBroker, telemetry::CountsOf(std::move(publisher)));
}

}  // namespace sampleproc::mqtt

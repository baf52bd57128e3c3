#include "telemetry/event_metrics.h"

#include <string>
#include <utility>

#include "telemetry/metric_families.h"

namespace sampleproc::telemetry {

using prometheus::MetricFamily;
using prometheus::MetricType;

namespace {

void AddHistory(const HistoryGauges& history, std::vector<MetricFamily>& families) {
  families.push_back(One("sampleproc_history_bytes", "Files of the history of events.",
                         MetricType::Gauge, static_cast<double>(history.bytes)));
  families.push_back(One("sampleproc_history_set_aside_total",
                         "Databases of the history that were damaged and set aside for a new one.",
                         MetricType::Counter, static_cast<double>(history.set_aside)));
  families.push_back(One("sampleproc_history_waiting_messages",
                         "Messages of events that wait to be stored in the history.",
                         MetricType::Gauge, static_cast<double>(history.waiting)));
  families.push_back(Counts(
      "sampleproc_history_messages_total",
      "Messages of events by what the history did with them: stored, dropped for want of room in "
      "memory, or repeated, of an event that had ended.",
      "outcome",
      {{"stored", history.stored}, {"dropped", history.dropped}, {"repeated", history.repeated}}));
}

void AddSnapshots(const SnapshotGauges& snapshots, std::vector<MetricFamily>& families) {
  families.push_back(One("sampleproc_snapshots_bytes", "Files of the pictures of events.",
                         MetricType::Gauge, static_cast<double>(snapshots.bytes)));
  families.push_back(One("sampleproc_snapshots_files", "Pictures of events that are kept.",
                         MetricType::Gauge, static_cast<double>(snapshots.files)));
  families.push_back(One("sampleproc_snapshots_waiting", "Pictures of events that wait to be kept.",
                         MetricType::Gauge, static_cast<double>(snapshots.waiting)));
  families.push_back(Counts(
      "sampleproc_snapshots_total",
      "Pictures of events by what became of them: kept; dropped, as they could not be made, found "
      "no room in memory, or are too large; deleted to keep within the bounds.",
      "outcome",
      {{"kept", snapshots.kept}, {"dropped", snapshots.dropped}, {"deleted", snapshots.deleted}}));
}

void AddClips(const ClipGauges& clips, std::vector<MetricFamily>& families) {
  families.push_back(One("sampleproc_clips_bytes",
                         "Files of the clips of events, those that are being written included.",
                         MetricType::Gauge, static_cast<double>(clips.bytes)));
  families.push_back(One("sampleproc_clips_files",
                         "Clips of events that are kept or being written.", MetricType::Gauge,
                         static_cast<double>(clips.files)));
  families.push_back(One("sampleproc_clips_open", "Clips of events that are not whole yet.",
                         MetricType::Gauge, static_cast<double>(clips.open)));
  families.push_back(One("sampleproc_clips_memory_bytes",
                         "Memory of the pictures that are held for clips of events.",
                         MetricType::Gauge, static_cast<double>(clips.memory)));
  families.push_back(Counts(
      "sampleproc_clips_total",
      "Clips of events by what became of them: kept; dropped, as there was no picture, or "
      "no room; deleted to keep within the bounds.",
      "outcome", {{"kept", clips.kept}, {"dropped", clips.dropped}, {"deleted", clips.deleted}}));
  families.push_back(Counts(
      "sampleproc_clip_pictures_total",
      "Pictures for clips of events by what became of them: written, to each clip of which they "
      "are a part; dropped, as there was no room in memory or on the disk; late, as later ones had "
      "been written.",
      "outcome",
      {{"written", clips.pictures_written},
       {"dropped", clips.pictures_dropped},
       {"late", clips.pictures_late}}));
}

void AddMqtt(const MqttGauges& mqtt, std::vector<MetricFamily>& families) {
  families.push_back(One("sampleproc_mqtt_connected",
                         "Whether the MQTT broker has taken the login: 1, else 0.",
                         MetricType::Gauge, mqtt.connected ? 1 : 0));
  families.push_back(One("sampleproc_mqtt_logins_total", "Logins that the MQTT broker has taken.",
                         MetricType::Counter, static_cast<double>(mqtt.logins)));
  families.push_back(One("sampleproc_mqtt_waiting_messages",
                         "Messages of events that the MQTT broker has not acknowledged yet.",
                         MetricType::Gauge, static_cast<double>(mqtt.waiting)));
  families.push_back(
      Counts("sampleproc_mqtt_published_total",
             "Messages that the MQTT broker has acknowledged: of events, of states "
             "(counts and Home Assistant's entities), pictures.",
             "kind", {{"event", mqtt.events}, {"state", mqtt.states}, {"picture", mqtt.pictures}}));
  families.push_back(Counts(
      "sampleproc_mqtt_dropped_total",
      "What the MQTT broker never got: messages of events and pictures, for want of room while "
      "it "
      "was away or slow; pictures also when a connection ended with them on their way; and what "
      "MQTT cannot carry or the broker refuses (refused).",
      "kind",
      {{"event", mqtt.dropped_events},
       {"picture", mqtt.dropped_pictures},
       {"refused", mqtt.refused}}));
  families.push_back(One("sampleproc_mqtt_unlisted_events_total",
                         "Messages of events whose camera found no place among those with topics "
                         "of their own for counts and pictures.",
                         MetricType::Counter, static_cast<double>(mqtt.unlisted)));
}

}  // namespace

void AddEvents(const Gauges& gauges, std::vector<MetricFamily>& families) {
  families.push_back(One("sampleproc_event_streams", "Clients that read GET /events/stream.",
                         MetricType::Gauge, static_cast<double>(gauges.event_streams)));
  if (gauges.history) AddHistory(*gauges.history, families);
  if (gauges.snapshots) AddSnapshots(*gauges.snapshots, families);
  if (gauges.clips) AddClips(*gauges.clips, families);
  if (gauges.mqtt) AddMqtt(*gauges.mqtt, families);
}

}  // namespace sampleproc::telemetry

#include "history/metrics.h"

#include <optional>
#include <utility>

namespace sampleproc::history {
namespace {

using telemetry::kCounter;
using telemetry::kGauge;
using telemetry::Samples;
using telemetry::Tell;

constexpr telemetry::Reading<Journal> kStreams[] = {
    {kGauge,
     "sampleproc_event_streams",
     "Clients that read GET /events/stream.",
     {},
     [](const Journal& journal, Samples& samples) { samples.Add(journal.streams()); }},
};

constexpr telemetry::Reading<JournalCounts> kJournal[] = {
    {kGauge,
     "sampleproc_history_bytes",
     "Files of the history of events.",
     {},
     &Tell<&JournalCounts::bytes>},
    {kCounter,
     "sampleproc_history_set_aside_total",
     "Databases of the history that were damaged and set aside for a new one.",
     {},
     &Tell<&JournalCounts::set_aside>},
    {kGauge,
     "sampleproc_history_waiting_messages",
     "Messages of events that wait to be stored in the history.",
     {},
     &Tell<&JournalCounts::waiting>},
    {kCounter,
     "sampleproc_history_messages_total",
     "Messages of events by what the history did with them: stored, dropped for want of room in "
     "memory, or repeated, of an event that had ended.",
     {"outcome"},
     [](const JournalCounts& counts, Samples& samples) {
       samples.Add(counts.stored, {"stored"});
       samples.Add(counts.dropped, {"dropped"});
       samples.Add(counts.repeated, {"repeated"});
     }},
};

constexpr telemetry::Reading<SnapshotCounts> kSnapshots[] = {
    {kGauge,
     "sampleproc_snapshots_bytes",
     "Files of the pictures of events.",
     {},
     &Tell<&SnapshotCounts::bytes>},
    {kGauge,
     "sampleproc_snapshots_files",
     "Pictures of events that are kept.",
     {},
     &Tell<&SnapshotCounts::files>},
    {kGauge,
     "sampleproc_snapshots_waiting",
     "Pictures of events that wait to be kept.",
     {},
     &Tell<&SnapshotCounts::waiting>},
    {kCounter,
     "sampleproc_snapshots_total",
     "Pictures of events by what became of them: kept; dropped, as they could not be made, found "
     "no room in memory, or are too large; deleted to keep within the bounds.",
     {"outcome"},
     [](const SnapshotCounts& counts, Samples& samples) {
       samples.Add(counts.kept, {"kept"});
       samples.Add(counts.dropped, {"dropped"});
       samples.Add(counts.deleted, {"deleted"});
     }},
};

constexpr telemetry::Reading<ClipCounts> kClips[] = {
    {kGauge,
     "sampleproc_clips_bytes",
     "Files of the clips of events, those that are being written included.",
     {},
     &Tell<&ClipCounts::bytes>},
    {kGauge,
     "sampleproc_clips_files",
     "Clips of events that are kept or being written.",
     {},
     &Tell<&ClipCounts::files>},
    {kGauge,
     "sampleproc_clips_open",
     "Clips of events that are not whole yet.",
     {},
     &Tell<&ClipCounts::open>},
    {kGauge,
     "sampleproc_clips_memory_bytes",
     "Memory of the pictures that are held for clips of events.",
     {},
     &Tell<&ClipCounts::memory>},
    {kCounter,
     "sampleproc_clips_total",
     "Clips of events by what became of them: kept; dropped, as there was no picture, or no room; "
     "deleted to keep within the bounds.",
     {"outcome"},
     [](const ClipCounts& counts, Samples& samples) {
       samples.Add(counts.kept, {"kept"});
       samples.Add(counts.dropped, {"dropped"});
       samples.Add(counts.deleted, {"deleted"});
     }},
    {kCounter,
     "sampleproc_clip_pictures_total",
     "Pictures for clips of events by what became of them: written, to each clip of which they "
     "are a part; dropped, as there was no room in memory or on the disk; late, as later ones had "
     "been written.",
     {"outcome"},
     [](const ClipCounts& counts, Samples& samples) {
       samples.Add(counts.pictures_written, {"written"});
       samples.Add(counts.pictures_dropped, {"dropped"});
       samples.Add(counts.pictures_late, {"late"});
     }},
};

// A journal that keeps no history tells nothing of one.
std::function<const Journal*()> Keeping(const std::function<const Journal*()>& find) {
  if (!find) return {};
  return [find] {
    const Journal* const journal = find();
    return journal != nullptr && journal->keeps() ? journal : nullptr;
  };
}

}  // namespace

Metrics::Metrics(telemetry::Registry& registry, MetricSources sources)
    : section_(registry, telemetry::Chapter::kResults) {
  section_.AddReadings(kStreams, sources.journal);
  section_.AddReadings(kJournal, telemetry::CountsOf(Keeping(sources.journal)));
  section_.AddReadings(kSnapshots, telemetry::CountsOf(std::move(sources.snapshots)));
  section_.AddReadings(kClips, telemetry::CountsOf(std::move(sources.clips)));
}

}  // namespace sampleproc::history
